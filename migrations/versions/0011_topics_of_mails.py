"""A waiting mail has a topic, by which it is withdrawn when a newer one replaces it."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("topic", sa.Text))
    op.create_index("ix_outbox_topic", "outbox", ["topic"])
