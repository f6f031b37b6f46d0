"""SSO sessions as their person sees them: one row each, until it is over.

Instants are whole microseconds since 1970, UTC.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("sid", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("door", sa.Text, nullable=False),
        sa.Column("browser", sa.Text, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("network", sa.Text, nullable=False),
        sa.Column("is_of_house", sa.Boolean, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.Column("tell_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("sid", name="pk_sessions"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_sessions_account_id"),
    )
    op.create_index("ix_sessions_account_id", "sessions", ["account_id"])
    op.create_index("ix_sessions_ends_at", "sessions", ["ends_at"])
    is_untold = sa.text("tell_at IS NOT NULL")
    op.create_index(
        "ix_sessions_tell_at", "sessions", ["tell_at"], sqlite_where=is_untold, postgresql_where=is_untold
    )
