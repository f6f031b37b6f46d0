"""An address that the operator noted for a person, who proves it or does not (docs/adr/0063)."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("email_offered", sa.Text))
    op.add_column("accounts", sa.Column("email_offered_at", sa.BigInteger))
