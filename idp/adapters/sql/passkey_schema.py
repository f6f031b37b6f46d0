"""The tables of passkeys, of the metadata of `schema`. Not here: a query."""

import sqlalchemy as sa

from idp.adapters.sql.columns import UtcInstant, metadata

passkeys = sa.Table(
    "passkeys",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.Text, sa.ForeignKey("accounts.id"), nullable=False, index=True),
    sa.Column("credential_id", sa.Text, nullable=False, unique=True),
    sa.Column("public_key", sa.Text, nullable=False),
    sa.Column("sign_count", sa.BigInteger, nullable=False),
    sa.Column("aaguid", sa.Text, nullable=False),
    sa.Column("is_synced", sa.Boolean, nullable=False),
    sa.Column("is_backed_up", sa.Boolean, nullable=False),
    sa.Column("transports", sa.JSON, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", UtcInstant, nullable=False),
    sa.Column("last_used_at", UtcInstant),
)

#: Who said « Plus tard » to the offer of a passkey.
passkey_offers = sa.Table(
    "passkey_offers",
    metadata,
    sa.Column("account_id", sa.Text, sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("answered_at", UtcInstant, nullable=False),
)
