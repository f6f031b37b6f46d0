"""The tables of what an operator did to the whole database, in the metadata of `schema`.

Contains epochs, the last backups, and which code this schema still serves. Not here: a row of any person.
"""

import sqlalchemy as sa

from idp.adapters.sql.columns import UtcInstant, metadata

#: What began before one of these is void (docs/adr/0046). `number`: no account is of a lower generation since.
epochs = sa.Table(
    "epochs",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("begun_at", UtcInstant, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)

backups = sa.Table(
    "backups",
    metadata,
    sa.Column("taken_at", UtcInstant, primary_key=True, autoincrement=False),
    sa.Column("sha256", sa.Text, nullable=False),
)

#: One row: the oldest code that may go on working on this schema (docs/upgrade.md).
schema_support = sa.Table(
    "schema_support",
    metadata,
    sa.Column("oldest_code", sa.Text, primary_key=True),
)
