"""The tables of what works beside the requests: its signs of life, who does what, what waits for it or was given up.

Not here: mails and notices that wait (`schema`).
"""

import sqlalchemy as sa

from idp.adapters.sql.columns import UtcInstant, metadata, row_number

#: One row for each lane of each process (`core/heartbeats`).
heartbeats = sa.Table(
    "heartbeats",
    metadata,
    sa.Column("node", sa.Text, primary_key=True),
    sa.Column("process", sa.Text, primary_key=True),
    sa.Column("lane", sa.Text, primary_key=True),
    sa.Column("at", UtcInstant, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("since", UtcInstant, nullable=False),
    sa.Column("due_by", UtcInstant, nullable=False),
    sa.Column("fault", sa.Text, nullable=False, server_default=""),
    sa.Column("waiting", sa.BigInteger),
    sa.Column("oldest_at", UtcInstant),
)

#: What one process at a time does. `holder`: a name that no other process has.
leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("until", UtcInstant, nullable=False),
)

#: Mails given up. `text` and `html` are empty when it must not be sent any more: a code that came late would be void.
dead_mails = sa.Table(
    "dead_mails",
    metadata,
    sa.Column("id", row_number, primary_key=True, autoincrement=True),
    sa.Column("recipient", sa.Text, nullable=False, index=True),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("html", sa.Text, nullable=False),
    sa.Column("created_at", UtcInstant, nullable=False),
    sa.Column("died_at", UtcInstant, nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)
