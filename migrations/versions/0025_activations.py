"""Codes of activation that an administrator gives out."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "activations",
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("code_sha256", sa.Text, nullable=False),
        sa.Column("issued_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("used_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("account_id", name="pk_activations"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_activations_account_id_accounts"),
        sa.UniqueConstraint("code_sha256", name="uq_activations_code_sha256"),
    )
    op.create_index("ix_activations_ends_at", "activations", ["ends_at"])
