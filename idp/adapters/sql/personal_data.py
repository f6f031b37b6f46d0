"""Which rows of which table are of a person: for the copy that they take, and for the end of their account.

Contains `PersonalData` on SQL. A test goes through the schema: each table is here, or has its reason there. Not here:
the end of an account (`erasure`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Engine

from idp.accounts.account import AccountId
from idp.accounts.personal_data import Holding, Withheld
from idp.adapters.sql.account_rows import address_in, has_address
from idp.adapters.sql.activation_schema import activations
from idp.adapters.sql.database import reading
from idp.adapters.sql.email_schema import email_undos
from idp.adapters.sql.passkey_schema import passkey_offers, passkeys
from idp.adapters.sql.schema import (
    account_proofs,
    accounts,
    audit_events,
    charter_acceptances,
    ended_sessions,
    grants,
    identity_changes,
    logout_notices,
    outbox,
    professional_contexts,
    refresh_tokens,
    upstream_links,
)
from idp.adapters.sql.session_schema import sessions
from idp.adapters.sql.worker_schema import dead_mails
from idp.core.audit import AuditEvent


class AtTheEnd(Enum):
    """What becomes of the rows when the account is erased."""

    DELETED = auto()
    #: Kept as evidence, under a keyed hash in place of the account (`kept_acceptances`).
    PSEUDONYMISED = auto()
    #: They name an id that is nobody's then, and are deleted at their own age.
    LEFT = auto()


@dataclass(frozen=True, slots=True)
class Held:
    table: sa.Table
    theirs: ColumnElement[bool]
    at_the_end: AtTheEnd


#: The name of the one parameter of `Held.theirs`.
ACCOUNT = "account"
_account: ColumnElement[str] = sa.bindparam(ACCOUNT, type_=sa.Text)
_address = sa.select(accounts.c.email).where(accounts.c.id == _account).scalar_subquery()
_row, _other = accounts.alias("row"), accounts.alias("other")
_is_address_shared = sa.exists().where(
    _row.c.id == _account, has_address(_other, address_in(_row)), _other.c.id != _row.c.id
)
_their_grants = sa.select(grants.c.id).where(grants.c.account_id == _account)
_their_sessions = sa.select(grants.c.sid).where(grants.c.account_id == _account)

#: In the order in which they can be deleted: what refers to others before these, the account last.
HELD = (
    Held(refresh_tokens, refresh_tokens.c.grant_id.in_(_their_grants), AtTheEnd.DELETED),
    # The end of a session outlives it: a code of it must not be redeemed. It names no person.
    Held(ended_sessions, ended_sessions.c.sid.in_(_their_sessions), AtTheEnd.LEFT),
    Held(sessions, sessions.c.account_id == _account, AtTheEnd.DELETED),
    Held(passkeys, passkeys.c.account_id == _account, AtTheEnd.DELETED),
    Held(passkey_offers, passkey_offers.c.account_id == _account, AtTheEnd.DELETED),
    Held(activations, activations.c.account_id == _account, AtTheEnd.DELETED),
    Held(email_undos, email_undos.c.account_id == _account, AtTheEnd.DELETED),
    Held(grants, grants.c.account_id == _account, AtTheEnd.DELETED),
    # Applications are still to be told.
    Held(logout_notices, logout_notices.c.account_id == _account, AtTheEnd.LEFT),
    Held(identity_changes, identity_changes.c.account_id == _account, AtTheEnd.DELETED),
    Held(account_proofs, account_proofs.c.account_id == _account, AtTheEnd.DELETED),
    Held(upstream_links, upstream_links.c.account_id == _account, AtTheEnd.DELETED),
    Held(professional_contexts, professional_contexts.c.account_id == _account, AtTheEnd.DELETED),
    Held(charter_acceptances, charter_acceptances.c.account_id == _account, AtTheEnd.PSEUDONYMISED),
    # But for what says something of another person (GDPR 15(4)): that an address is theirs is told to them alone.
    Held(
        audit_events,
        sa.and_(
            audit_events.c.account_id == _account,
            audit_events.c.event != str(AuditEvent.EMAIL_CHANGE_REFUSED),
        ),
        AtTheEnd.LEFT,
    ),
    # Of those that wait for a mailbox which several share, nothing says whose they are.
    Held(outbox, sa.and_(outbox.c.recipient == _address, ~_is_address_shared), AtTheEnd.DELETED),
    Held(dead_mails, sa.and_(dead_mails.c.recipient == _address, ~_is_address_shared), AtTheEnd.DELETED),
    Held(accounts, accounts.c.id == _account, AtTheEnd.DELETED),
)

#: What opens something, is sealed since it may hold what does, or names another person: an operator.
SECRETS: Mapping[str, frozenset[str]] = {
    "accounts": frozenset({"password_hash"}),
    "refresh_tokens": frozenset({"token_sha256", "rotation"}),
    "activations": frozenset({"code_sha256"}),
    "email_undos": frozenset({"token_sha256"}),
    "outbox": frozenset({"text", "html", "topic"}),
    "audit_events": frozenset({"operator"}),
    "dead_mails": frozenset({"text", "html"}),
}


@dataclass(frozen=True, slots=True)
class SqlPersonalData:
    database: Engine

    def of(self, account_id: AccountId) -> tuple[Holding, ...]:
        with reading(self.database) as connection:
            found = [
                (held.table, connection.execute(_select(held), {ACCOUNT: account_id}).mappings().all())
                for held in reversed(HELD)
            ]
        return tuple(
            Holding(table.name, tuple(_shown(table.name, row) for row in rows)) for table, rows in found
        )


def _select(held: Held) -> "sa.Select[tuple[object, ...]]":
    # By the name that this code knows a column by: one has another name in the database.
    columns = (column.label(column.key) for column in held.table.c)
    return sa.select(*columns).where(held.theirs).order_by(*held.table.primary_key)


def _shown(table: str, row: sa.RowMapping) -> dict[str, object]:
    secrets = SECRETS.get(table, frozenset())
    # A secret that is not there, such as no password, is no secret.
    return {str(name): Withheld.SECRET if value and name in secrets else value for name, value in row.items()}
