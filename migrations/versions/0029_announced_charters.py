"""Revisions of charters that are announced for a day, withdrawn, or bring the text of a former one back; whom the
reminders of one came to; when a person put one off (docs/adr/0059).

Code of the release before takes an announced revision for one in force: it asks for it sooner.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    for name, kind in (
        ("due_from", sa.BigInteger),
        ("withdrawn_at", sa.BigInteger),
        ("text_of", sa.Text),
        ("reminded_to", sa.Text),
        ("reminded_at", sa.BigInteger),
    ):
        op.add_column("charter_revisions", sa.Column(name, kind))
    op.create_index(
        "ix_charter_revisions_order",
        "charter_revisions",
        ["charter", "position", "withdrawn_at", "due_from", "revision", "text_of"],
    )
    op.add_column("accounts", sa.Column("charter_put_off_at", sa.BigInteger))
