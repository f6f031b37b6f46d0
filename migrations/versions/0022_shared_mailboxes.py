"""One address may be that of several accounts (docs/adr/0045): what is unique is a key, no longer the address itself.

The key is the address for the account that had it first, and so for every account of before. Renamed rather than added:
SQLite can take no unique constraint away, and keeps the name of this one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.alter_column("accounts", "email_normalised", new_column_name="email_key")
    op.add_column("accounts", sa.Column("email_normalised", sa.Text, nullable=False, server_default=""))
    op.execute(sa.text("UPDATE accounts SET email_normalised = email_key"))
    op.create_index("ix_accounts_email_normalised", "accounts", ["email_normalised"])
