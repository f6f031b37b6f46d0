"""Refresh tokens: one row a grant, replaced at each rotation, void with its grant.

Instants are whole microseconds since 1970, UTC.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "refresh_tokens",
        sa.Column("grant_id", sa.Text, nullable=False),
        sa.Column("token_sha256", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("claims", sa.JSON, nullable=False),
        sa.Column("idle_until", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("grant_id", name="pk_refresh_tokens"),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name="fk_refresh_tokens_grant_id"),
    )
    op.create_index("ix_grants_granted_at", "grants", ["granted_at"])
