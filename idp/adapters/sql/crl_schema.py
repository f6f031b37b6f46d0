"""The tables of what is known about revoked cards, in the metadata of `schema`."""

import sqlalchemy as sa

from idp.adapters.sql.columns import UtcInstant, metadata

#: The list in force of each authority. Its serials are the rows of the same `generation`.
card_crls = sa.Table(
    "card_crls",
    metadata,
    sa.Column("issuer_key_id", sa.Text, primary_key=True),
    sa.Column("generation", sa.BigInteger, nullable=False),
    #: Decimal text: up to 20 bytes (RFC 5280 §5.2.3).
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("this_update", UtcInstant, nullable=False),
    sa.Column("next_update", UtcInstant, nullable=False),
    sa.Column("fetched_at", UtcInstant, nullable=False),
    sa.Column("entries", sa.Integer, nullable=False),
)

card_crl_entries = sa.Table(
    "card_crl_entries",
    metadata,
    sa.Column("issuer_key_id", sa.Text, primary_key=True),
    sa.Column("generation", sa.BigInteger, primary_key=True),
    sa.Column("serial", sa.Text, primary_key=True),
    sqlite_with_rowid=False,
)

#: When each configured list is to be fetched again. Of several workers, one does it. `url`: its address; or its
#: address, a space and the key identifier of an authority: when the list that this one waits for is tried there again.
card_crl_fetches = sa.Table(
    "card_crl_fetches",
    metadata,
    sa.Column("url", sa.Text, primary_key=True),
    sa.Column("due_at", UtcInstant, nullable=False),
)

#: Final answers of a responder: a revocation that it will never take back.
card_revocations = sa.Table(
    "card_revocations",
    metadata,
    sa.Column("issuer_key_id", sa.Text, primary_key=True),
    sa.Column("serial", sa.Text, primary_key=True),
    sa.Column("seen_at", UtcInstant, nullable=False),
    sqlite_with_rowid=False,
)
