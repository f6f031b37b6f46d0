"""What a refresh token took the place of, so that a lost answer can be given once more."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.add_column("refresh_tokens", sa.Column("rotation", sa.JSON))
