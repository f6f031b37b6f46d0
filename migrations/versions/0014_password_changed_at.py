"""When the person last chose their password: unknown for those chosen before."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("password_changed_at", sa.BigInteger))
