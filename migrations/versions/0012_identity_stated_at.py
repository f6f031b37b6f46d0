"""When the source of an identity said so: an older card or answer puts no older name back.

Unknown for the cards of before: their next proof tells it, whatever its date. Pro Santé Connect said it at its login.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("identity_stated_at", sa.BigInteger))
    op.execute("UPDATE accounts SET identity_stated_at = identity_verified_at WHERE identity_source = 'psc'")
