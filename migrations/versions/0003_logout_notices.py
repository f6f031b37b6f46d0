"""Ends of SSO sessions, and the logout notices that relying parties are still to get.

Instants are whole microseconds since 1970, UTC.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_row_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "ended_sessions",
        sa.Column("sid", sa.Text, nullable=False),
        sa.Column("ended_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("sid", name="pk_ended_sessions"),
    )
    op.create_index("ix_ended_sessions_ended_at", "ended_sessions", ["ended_at"])
    op.create_table(
        "logout_notices",
        sa.Column("id", _row_number, autoincrement=True, nullable=False),
        sa.Column("sid", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("ended_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("deliveries", sa.Integer, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("not_before", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("leased_until", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_logout_notices"),
        sa.UniqueConstraint("sid", "client_id", name="uq_logout_notices_sid"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_logout_notices_state", "logout_notices", ["state", "client_id", "not_before"])
    op.create_index("ix_logout_notices_ended_at", "logout_notices", ["ended_at"])
    op.create_index("ix_grants_account_id", "grants", ["account_id"])
