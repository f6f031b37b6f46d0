"""The table of logout tokens that wait for keys. Not here: notices to relying parties (`schema`)."""

import sqlalchemy as sa

from idp.adapters.sql.columns import UtcInstant, metadata, row_number

#: Logout tokens of Pro Santé Connect that wait for its signing keys, sealed.
kept_logouts = sa.Table(
    "kept_logouts",
    metadata,
    sa.Column("id", row_number, primary_key=True, autoincrement=True),
    sa.Column("token_sha256", sa.Text, nullable=False, unique=True),
    sa.Column("sealed", sa.Text, nullable=False),
    sa.Column("received_at", UtcInstant, nullable=False),
    sa.Column("not_before", UtcInstant, nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("leased_until", UtcInstant),
    sqlite_autoincrement=True,
)
