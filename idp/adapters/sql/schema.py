"""The tables, for SQLAlchemy Core.

Contains columns and constraints. `migrations/` alone creates them; a test keeps the two equal. Not here: column types
(`columns`), a connection, a query, a rule.
"""

import sqlalchemy as sa

from idp.adapters.sql import (  # noqa: F401 their tables are of the same metadata
    activation_schema,
    crl_schema,
    email_schema,
    erasure_schema,
    kept_logout_schema,
    passkey_schema,
    session_schema,
    upkeep_schema,
    worker_schema,
)
from idp.adapters.sql.audit_schema import audit_events as audit_events
from idp.adapters.sql.audit_schema import audit_seals as audit_seals
from idp.adapters.sql.charter_schema import charter_acceptances as charter_acceptances
from idp.adapters.sql.charter_schema import charter_revisions as charter_revisions
from idp.adapters.sql.columns import UtcInstant, row_number
from idp.adapters.sql.columns import metadata as metadata

#: The migration of this code. Zero-padded: the order of the texts is the order of the migrations.
SCHEMA_REVISION = "0030"

_IS_CODE, _IS_NOTICE = sa.text("topic IS NOT NULL"), sa.text("topic IS NULL")
_IS_UNWARNED = sa.text("enabled AND closing_at IS NULL AND unused_told_at IS NULL")
_IS_WARNED = sa.text("enabled AND closing_at IS NULL AND unused_told_at IS NOT NULL")

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, nullable=False, unique=True),
    sa.Column("rpps", sa.Text, nullable=False, unique=True),
    sa.Column("family_name", sa.Text, nullable=False),
    sa.Column("given_name", sa.Text, nullable=False),
    sa.Column("profession", sa.JSON(none_as_null=True)),
    sa.Column("specialities", sa.JSON, nullable=False),
    sa.Column("identity_source", sa.Text, nullable=False),
    sa.Column("identity_verified_at", UtcInstant, nullable=False),
    sa.Column("identity_evidence", sa.Text, nullable=False),
    sa.Column("identity_stated_at", UtcInstant),
    sa.Column("email", sa.Text, nullable=False),
    # The address, of the account that had it first; of others who share it, their id (docs/adr/0045). It keeps the name
    # that code of a release before writes the address under.
    sa.Column("email_normalised", sa.Text, key="email_key", nullable=False, unique=True),
    sa.Column("email_verified_at", UtcInstant, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("address_line1", sa.Text, nullable=False),
    sa.Column("address_line2", sa.Text, nullable=False),
    sa.Column("address_postal_code", sa.Text, nullable=False),
    sa.Column("address_city", sa.Text, nullable=False),
    sa.Column("address_country", sa.Text, nullable=False),
    sa.Column("created_at", UtcInstant, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("charter_revision", sa.Text),
    sa.Column("locale", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False, server_default="0"),
    sa.Column("email_put_off_at", UtcInstant),
    sa.Column("password_closed_at", UtcInstant),
    sa.Column("password_closed_for", sa.Text),
    sa.Column("password_closure_told_at", UtcInstant),
    sa.Column("password_changed_at", UtcInstant),
    sa.Column("closing_at", UtcInstant, index=True),
    sa.Column("disabled_motive", sa.Text, nullable=False, server_default=""),
    sa.Column("signed_in_at", UtcInstant),
    sa.Column("unused_told_at", UtcInstant),
    sa.Column("password_listed_at", UtcInstant),
    # The address of who shares one that another account had first.
    sa.Column("email_beside", sa.Text, index=True),
    sa.Column("charter_put_off_at", UtcInstant),
    sa.Column("email_offered", sa.Text),
    sa.Column("email_offered_at", UtcInstant),
    # Whom to warn, and whom to disable: each search begins where the one before it ended, however many were found.
    sa.Index(
        "ix_accounts_unwarned",
        "signed_in_at",
        sqlite_where=_IS_UNWARNED,
        postgresql_where=_IS_UNWARNED,
    ),
    sa.Index("ix_accounts_warned", "unused_told_at", sqlite_where=_IS_WARNED, postgresql_where=_IS_WARNED),
)

#: `before` and `after`: the fields of the identity that a newer proof changed.
identity_changes = sa.Table(
    "identity_changes",
    metadata,
    sa.Column("id", row_number, primary_key=True, autoincrement=True),
    sa.Column("account_id", sa.Text, sa.ForeignKey(accounts.c.id), nullable=False, index=True),
    sa.Column("at", UtcInstant, nullable=False),
    sa.Column("before", sa.JSON, nullable=False),
    sa.Column("after", sa.JSON, nullable=False),
    sqlite_autoincrement=True,
)

#: One row per card, and one for Pro Santé Connect: a person may practise two professions and have a card for each.
account_proofs = sa.Table(
    "account_proofs",
    metadata,
    sa.Column("account_id", sa.Text, sa.ForeignKey(accounts.c.id), primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("evidence", sa.Text, primary_key=True),
    sa.Column("profession", sa.JSON(none_as_null=True)),
    sa.Column("first_at", UtcInstant, nullable=False),
    sa.Column("last_at", UtcInstant, nullable=False),
)

upstream_links = sa.Table(
    "upstream_links",
    metadata,
    sa.Column("account_id", sa.Text, sa.ForeignKey(accounts.c.id), primary_key=True),
    sa.Column("issuer", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("linked_at", UtcInstant, nullable=False),
    sa.Column("seen_at", UtcInstant, nullable=False),
    sa.Column("claims", sa.JSON, nullable=False),
    sa.UniqueConstraint("issuer", "subject", name="uq_upstream_links_issuer"),
)

professional_contexts = sa.Table(
    "professional_contexts",
    metadata,
    sa.Column("account_id", sa.Text, sa.ForeignKey(accounts.c.id), primary_key=True),
    sa.Column("client_id", sa.Text, primary_key=True),
    sa.Column("practice_key", sa.Text, nullable=False),
    sa.Column("chosen_at", UtcInstant, nullable=False),
)

grants = sa.Table(
    "grants",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.Text, sa.ForeignKey(accounts.c.id), nullable=False, index=True),
    sa.Column("client_id", sa.Text, nullable=False),
    sa.Column("sid", sa.Text, nullable=False, index=True),
    sa.Column("granted_at", UtcInstant, nullable=False, index=True),
    sa.Column("redeemed_at", UtcInstant),
    sa.Column("revoked_at", UtcInstant),
    sa.Column("generation", sa.Integer, nullable=False, server_default="0"),
    sa.Column("upstream_sid", sa.Text, index=True),
    sa.Column("context_key", sa.Text),
)

refresh_tokens = sa.Table(
    "refresh_tokens",
    metadata,
    sa.Column("grant_id", sa.Text, sa.ForeignKey(grants.c.id), primary_key=True),
    sa.Column("token_sha256", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("claims", sa.JSON, nullable=False),
    sa.Column("idle_until", UtcInstant, nullable=False),
    sa.Column("ends_at", UtcInstant, nullable=False),
    #: Digests of the token before (`from`) and of this one (`to`), and the instant (`at`).
    sa.Column("rotation", sa.JSON(none_as_null=True)),
)

#: `topic`: a keyed hash; of the mails of one topic, the newest alone waits.
outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", row_number, primary_key=True, autoincrement=True),
    sa.Column("recipient", sa.Text, nullable=False, index=True),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("html", sa.Text, nullable=False),
    sa.Column("created_at", UtcInstant, nullable=False),
    sa.Column("expires_at", UtcInstant, nullable=False, index=True),
    sa.Column("not_before", UtcInstant, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("leased_until", UtcInstant),
    sa.Column("topic", sa.Text, index=True),
    # In the order in which they are sent, codes ahead of notices: the next is found without sorting those that wait.
    sa.Index("ix_outbox_codes_due", "not_before", "id", sqlite_where=_IS_CODE, postgresql_where=_IS_CODE),
    sa.Index("ix_outbox_due", "not_before", "id", sqlite_where=_IS_NOTICE, postgresql_where=_IS_NOTICE),
    sqlite_autoincrement=True,
)

#: SSO sessions ended by a logout: none of their codes can be redeemed any more.
ended_sessions = sa.Table(
    "ended_sessions",
    metadata,
    sa.Column("sid", sa.Text, primary_key=True),
    sa.Column("ended_at", UtcInstant, nullable=False, index=True),
)

#: `deliveries`: calls answered or failed; `attempts`: leases taken, the fence; `outcome`: result of the last delivery.
logout_notices = sa.Table(
    "logout_notices",
    metadata,
    sa.Column("id", row_number, primary_key=True, autoincrement=True),
    sa.Column("sid", sa.Text, nullable=False),
    sa.Column("client_id", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text, nullable=False, index=True),
    sa.Column("ended_at", UtcInstant, nullable=False, index=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("deliveries", sa.Integer, nullable=False),
    sa.Column("outcome", sa.Text),
    sa.Column("not_before", UtcInstant, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("leased_until", UtcInstant),
    sa.UniqueConstraint("sid", "client_id"),
    # In the order in which those of an application are delivered.
    sa.Index("ix_logout_notices_due", "state", "client_id", "not_before", "id"),
    sqlite_autoincrement=True,
)

#: A counter is a record whose value is the empty object and whose version is the count.
ephemeral = sa.Table(
    "ephemeral",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("key_hash", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("expires_at", UtcInstant, nullable=False, index=True),
    sqlite_with_rowid=False,
)
