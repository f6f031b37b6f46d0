"""The professional context that a grant is for, where the relying party's hint named its structure."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.add_column("grants", sa.Column("context_key", sa.Text))
