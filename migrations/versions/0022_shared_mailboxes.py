"""One address may be that of several accounts (docs/adr/0045): what is unique is a key, no longer the address itself.

The key is the address for the account that had it first, and so for every account of before; it keeps the column of
before, which code of a release before goes on reading and writing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("email_beside", sa.Text))
    op.create_index("ix_accounts_email_beside", "accounts", ["email_beside"])
