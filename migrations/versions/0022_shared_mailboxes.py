"""One address may be that of several accounts (docs/adr/0045): those who stand beside its first have it in a column.

What was unique stays so, with the meaning that code of before knows: the address of whoever had it first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("email_beside", sa.Text))
    op.create_index("ix_accounts_email_beside", "accounts", ["email_beside"])
