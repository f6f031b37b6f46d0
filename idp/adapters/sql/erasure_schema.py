"""The table of what is kept of accounts erased since, for SQLAlchemy Core; part of the `schema`."""

import sqlalchemy as sa

from idp.adapters.sql.columns import UtcInstant, metadata, row_number

#: Of accounts erased since. `pseudonym`: a keyed hash of the RPPS, whoever has the key and the RPPS finds the rows.
kept_acceptances = sa.Table(
    "kept_acceptances",
    metadata,
    sa.Column("id", row_number, primary_key=True, autoincrement=True),
    sa.Column("pseudonym", sa.Text, nullable=False, index=True),
    sa.Column("charter", sa.Text, nullable=False),
    sa.Column("revision", sa.Text, nullable=False),
    sa.Column("text_sha256", sa.Text, nullable=False),
    sa.Column("accepted_at", UtcInstant, nullable=False),
    sa.Column("authenticator", sa.Text, nullable=False),
    sa.Column("client_id", sa.Text, nullable=False),
    sa.Column("erased_at", UtcInstant, nullable=False, index=True),
    sqlite_autoincrement=True,
)
