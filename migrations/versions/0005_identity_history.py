"""The history of each identity, and the link of an account to the subject of Pro Santé Connect.

Instants are whole microseconds since 1970, UTC.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_row_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "identity_changes",
        sa.Column("id", _row_number, nullable=False, autoincrement=True),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("before", sa.JSON, nullable=False),
        sa.Column("after", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_identity_changes"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_identity_changes_account_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_identity_changes_account_id", "identity_changes", ["account_id"])
    op.create_table(
        "upstream_links",
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("linked_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("claims", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "issuer", name="pk_upstream_links"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_upstream_links_account_id"),
        sa.UniqueConstraint("issuer", "subject", name="uq_upstream_links_issuer"),
    )
