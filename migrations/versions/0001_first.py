"""First tables: accounts, charter, grants, audit, outbox, ephemeral records.

Frozen once released: this file says what was created, `idp/adapters/sql/schema.py` what there is today. Instants
are whole microseconds since 1970, UTC. Forward only: an operator who must go back restores a backup.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_row_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_accounts()
    _create_charter()
    _create_grants()
    _create_audit()
    _create_outbox()
    _create_ephemeral()


def _create_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("rpps", sa.Text, nullable=False),
        sa.Column("family_name", sa.Text, nullable=False),
        sa.Column("given_name", sa.Text, nullable=False),
        sa.Column("profession", sa.JSON),
        sa.Column("specialities", sa.JSON, nullable=False),
        sa.Column("identity_source", sa.Text, nullable=False),
        sa.Column("identity_verified_at", sa.BigInteger, nullable=False),
        sa.Column("identity_evidence", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_normalised", sa.Text, nullable=False),
        sa.Column("email_verified_at", sa.BigInteger, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("address_line1", sa.Text, nullable=False),
        sa.Column("address_line2", sa.Text, nullable=False),
        sa.Column("address_postal_code", sa.Text, nullable=False),
        sa.Column("address_city", sa.Text, nullable=False),
        sa.Column("address_country", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("phone", sa.Text),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("not_before", sa.BigInteger),
        sa.Column("charter_revision", sa.Text),
        sa.Column("locale", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("subject", name="uq_accounts_subject"),
        sa.UniqueConstraint("rpps", name="uq_accounts_rpps"),
        sa.UniqueConstraint("email_normalised", name="uq_accounts_email_normalised"),
    )


def _create_charter() -> None:
    op.create_table(
        "charter_revisions",
        sa.Column("position", _row_number, autoincrement=True, nullable=False),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("published_at", sa.BigInteger, nullable=False),
        sa.Column("texts", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_charter_revisions"),
        sa.UniqueConstraint("revision", name="uq_charter_revisions_revision"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "charter_acceptances",
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("text_sha256", sa.Text, nullable=False),
        sa.Column("accepted_at", sa.BigInteger, nullable=False),
        sa.Column("authenticator", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "revision", name="pk_charter_acceptances"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_charter_acceptances_account_id"),
        sa.ForeignKeyConstraint(
            ["revision"], ["charter_revisions.revision"], name="fk_charter_acceptances_revision"
        ),
    )


def _create_grants() -> None:
    op.create_table(
        "grants",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("sid", sa.Text, nullable=False),
        sa.Column("granted_at", sa.BigInteger, nullable=False),
        sa.Column("redeemed_at", sa.BigInteger),
        sa.Column("revoked_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_grants_account_id"),
    )
    op.create_index("ix_grants_sid", "grants", ["sid"])


def _create_audit() -> None:
    op.create_table(
        "audit_events",
        sa.Column("id", _row_number, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text),
        sa.Column("client_id", sa.Text),
        sa.Column("interaction_id", sa.Text),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_events_at", "audit_events", ["at"])
    op.create_index("ix_audit_events_account_id", "audit_events", ["account_id"])


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", _row_number, autoincrement=True, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("html", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("not_before", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("leased_until", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_expires_at", "outbox", ["expires_at"])
    op.create_index("ix_outbox_not_before", "outbox", ["not_before"])


def _create_ephemeral() -> None:
    op.create_table(
        "ephemeral",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("key_hash", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("kind", "key_hash", name="pk_ephemeral"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_ephemeral_expires_at", "ephemeral", ["expires_at"])
