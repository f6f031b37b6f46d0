"""Logout tokens of Pro Santé Connect that wait for its signing keys, sealed.

Instants are whole microseconds since 1970, UTC.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_row_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "kept_logouts",
        sa.Column("id", _row_number, autoincrement=True, nullable=False),
        sa.Column("token_sha256", sa.Text, nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("not_before", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("leased_until", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_kept_logouts"),
        sa.UniqueConstraint("token_sha256", name="uq_kept_logouts_token_sha256"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_kept_logouts_not_before", "kept_logouts", ["not_before"])
