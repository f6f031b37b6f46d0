"""A password that the lists of common and leaked ones have learned since, and codes of activation."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("password_listed_at", sa.BigInteger))
