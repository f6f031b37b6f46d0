"""What voids sessions and grants is counted, not timed; and each grant names the session upstream that it came from.

What an account had voided stays void: its generation is 1, and that of its grants from since then.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_STILL_GOOD = """UPDATE grants SET generation = 1 WHERE EXISTS (SELECT 1 FROM accounts
    WHERE accounts.id = grants.account_id AND grants.granted_at >= accounts.not_before)"""


def upgrade() -> None:
    for table in ("accounts", "grants"):
        counted = sa.Column("generation", sa.Integer, nullable=False, server_default="0")
        op.add_column(table, counted)
    op.execute("UPDATE accounts SET generation = 1 WHERE not_before IS NOT NULL")
    op.execute(_STILL_GOOD)
    op.drop_column("accounts", "not_before")
    op.add_column("grants", sa.Column("upstream_sid", sa.Text))
    op.create_index("ix_grants_upstream_sid", "grants", ["upstream_sid"])
