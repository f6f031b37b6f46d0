"""The tables of the audit trail: events, each bound to the one before it, and the seal of each day (docs/adr/0048)."""

import sqlalchemy as sa

from idp.adapters.sql.columns import UtcInstant, metadata, row_number

# No foreign keys: events outlive the accounts and clients they name, and name refused clients that never existed.
#: `network` and `network_salt` go when their time is over; `network_digest`, which vouches for them, stays. `chain` is
#: NULL in rows of before.
audit_events = sa.Table(
    "audit_events",
    metadata,
    sa.Column("id", row_number, primary_key=True, autoincrement=True),
    sa.Column("at", UtcInstant, nullable=False, index=True),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text, index=True),
    sa.Column("client_id", sa.Text),
    sa.Column("interaction_id", sa.Text),
    sa.Column("facts", sa.JSON, nullable=False),
    sa.Column("browsing", sa.Text),
    sa.Column("person", sa.Text),
    sa.Column("operator", sa.Text),
    sa.Column("network", sa.Text),
    sa.Column("network_salt", sa.Text),
    sa.Column("network_digest", sa.Text),
    sa.Column("chain", sa.Text),
    sa.Column("sequence", sa.Integer),
    sa.Column("digest", sa.Text),
    sa.Index(
        "ix_audit_events_person",
        "person",
        sqlite_where=sa.text("person IS NOT NULL"),
        postgresql_where=sa.text("person IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)

#: `chains`: of each chain of the day its name, its last number, its last digest. `previous`: the seal of the day
#: before. `has_no_address`: those of its rows were erased; no part of what is sealed.
audit_seals = sa.Table(
    "audit_seals",
    metadata,
    sa.Column("day", sa.Text, primary_key=True),
    sa.Column("chains", sa.JSON, nullable=False),
    sa.Column("faults", sa.Integer, nullable=False),
    sa.Column("previous", sa.Text, nullable=False),
    sa.Column("seal", sa.Text, nullable=False),
    sa.Column("sealed_at", UtcInstant, nullable=False),
    sa.Column("has_no_address", sa.Boolean, nullable=False),
)
