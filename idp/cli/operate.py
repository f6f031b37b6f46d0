"""Contains the commands that do one thing and end: database, clients, accounts.

Not here: charters, keys, trust, cards.
"""

import argparse
import dataclasses
import sys
from collections.abc import Callable

from sqlalchemy import Engine

from idp.accounts.account import AccountId
from idp.accounts.charter import NoCharterPublished
from idp.accounts.repository import save_changed
from idp.adapters.card_host.proxy_listener import ProxyUserUnknown
from idp.adapters.card_host.tls import UnsuitableHostKey
from idp.adapters.hsm.uri import BadPkcs11Uri
from idp.adapters.software_signer import BadKeyFile
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.audit import SqlAudit
from idp.adapters.sql.charters import SqlCharters
from idp.adapters.sql.database import (
    DatabaseMissing,
    SchemaMismatch,
    UnsupportedDatabase,
    initialise,
    open_database,
)
from idp.adapters.sql.database import (
    migrate as migrate_database,
)
from idp.adapters.sql.erasure import SqlErasures
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.proofs import SqlProofs
from idp.adapters.sql.work import SqlUnitOfWork
from idp.cards.anchors import AnchorsRefused
from idp.cards.rpps import InvalidRpps, parse_rpps
from idp.clients.located_yaml import BadYaml
from idp.clients.operator_rules import operator_rules
from idp.clients.registry import advise, demanded_charters, logout_listeners, read_clients
from idp.core.audit import AuditEvent
from idp.core.clock import SystemClock
from idp.core.ephemeral import StoreUnavailable
from idp.settings import Settings
from idp.signing.signer import SignerUnavailable
from idp.wiring.accounts import build_pseudonyms, build_waits
from idp.wiring.resources import open_resources

#: Faults that an operator can repair by their message, without a stack trace.
OPERATOR_ERRORS = (
    AnchorsRefused,
    BadYaml,
    ProxyUserUnknown,
    UnsuitableHostKey,
    BadKeyFile,
    BadPkcs11Uri,
    SignerUnavailable,
    DatabaseMissing,
    SchemaMismatch,
    UnsupportedDatabase,
    StoreUnavailable,
    InvalidRpps,
    OSError,
)

#: The variable to change, where the fault does not know it: exit status 2.
SETTING_AT_FAULT = {UnsupportedDatabase: "DATABASE"}


def init(settings: Settings, options: argparse.Namespace) -> int:
    initialise(settings.where.database)
    return 0


def migrate(settings: Settings, options: argparse.Namespace) -> int:
    migrate_database(settings.where.database)
    return 0


def check_clients(settings: Settings, options: argparse.Namespace) -> int:
    registry = read_clients(settings.where.clients_file, operator_rules(settings))
    for line in advise(settings.where.clients_file):
        print(f"advice: {line}")
    if not _are_charters_published(settings):
        return 1
    print(f"{settings.where.clients_file}: {len(registry)} clients, no fault")
    return 0


def show_account(settings: Settings, options: argparse.Namespace) -> int:
    """For the help desk: prints nothing secret, but personal data."""
    database = open_database(settings.where.database)
    rpps = parse_rpps(options.rpps)
    for kept in SqlErasures(database).evidence_of(build_pseudonyms(settings).of(rpps)):
        evidence = kept.evidence
        print(
            f"erased {kept.erased_at:%Y-%m-%d}: charter {evidence.charter} {evidence.revision}, accepted "
            f"{evidence.accepted_at:%Y-%m-%d}, by {evidence.authenticator or '-'}, text {evidence.text_sha256}"
        )
    account = SqlAccounts(database).find_by_rpps(rpps)
    if account is None:
        print("idp: no account has this RPPS", file=sys.stderr)
        return 1
    identity = account.identity
    print(f"{identity.full_name}, {'enabled' if account.may_sign_in else 'DISABLED'}")
    if account.closing_at is not None:
        print(f"closed by the person: erased after {account.closing_at:%Y-%m-%d %H:%M} UTC")
    print(f"account {account.id}, made {account.created_at:%Y-%m-%d}, language {account.locale}")
    for proof in SqlProofs(database).of(account.id):
        profession = proof.profession.label if proof.profession else "-"
        dates = f"{proof.first_at:%Y-%m-%d} to {proof.last_at:%Y-%m-%d}"
        print(f"proved by {proof.source}  {dates}  {profession}  {proof.evidence[:16]}")
    for change in SqlAccounts(database).history(account.id):
        print(f"changed {change.at:%Y-%m-%d} by {change.after.source}: {', '.join(change.fields)}")
    return 0


def _are_charters_published(settings: Settings) -> bool:
    """Whether every charter that a client demands is published.

    Prints which is not, or that it could not look it up.
    """
    demanded = demanded_charters(settings.where.clients_file)
    if not demanded:
        return True
    try:
        charters = SqlCharters(open_database(settings.where.database))
        missing = [at for at in demanded if not _is_published(charters, at.text())]
    except (DatabaseMissing, SchemaMismatch, StoreUnavailable) as error:
        print(f"advice: charters were not looked up: {error}")
        return True
    for at in missing:
        expected = f"expected a published charter: `idp charter publish --charter {at.text()}`"
        print(f"idp: {at.fail(expected)}", file=sys.stderr)
    return not missing


def _is_published(charters: SqlCharters, name: str) -> bool:
    try:
        charters.current(name)
    except NoCharterPublished:
        return False
    return True


def disable_account(settings: Settings, options: argparse.Namespace) -> int:
    """Disable at once and everywhere: sessions and grants from before now are void, relying parties are told.

    A bad clients.yaml does not prevent the disabling; the command, run again, tells the relying parties.
    """
    try:
        listeners = logout_listeners(read_clients(settings.where.clients_file, operator_rules(settings)))
    except (BadYaml, OSError) as error:
        status = _set_enabled(settings, options.rpps, enabled=False, event=AuditEvent.ACCOUNT_DISABLED)
        if status == 0:
            print(f"idp: disabled, but relying parties were not told: {error}", file=sys.stderr)
        return 1

    def tell(database: Engine, account_id: AccountId) -> None:
        SqlGrants(database).end_sessions_of(account_id, SystemClock().now(), listeners)

    return _set_enabled(settings, options.rpps, tell, enabled=False, event=AuditEvent.ACCOUNT_DISABLED)


def enable_account(settings: Settings, options: argparse.Namespace) -> int:
    return _set_enabled(settings, options.rpps, enabled=True, event=AuditEvent.ACCOUNT_ENABLED)


def unlock_account(settings: Settings, options: argparse.Namespace) -> int:
    """End the waits that failures left, for a person whom the help desk knows: password and mail code open again."""
    rpps, resources = parse_rpps(options.rpps), open_resources(settings)
    account = SqlAccounts(resources.database).find_by_rpps(rpps)
    if account is None:
        print("idp: no account has this RPPS", file=sys.stderr)
        return 1
    with SqlUnitOfWork(resources.database).as_one_step():
        build_waits(resources).end(rpps)
        SqlAudit(resources.database, resources.clock).record(
            AuditEvent.ACCOUNT_UNLOCKED, account_id=account.id
        )
    return 0


def _tell_nobody(database: Engine, account_id: AccountId) -> None:
    """No relying party has to know."""


def _set_enabled(
    settings: Settings,
    rpps: str,
    tell: Callable[[Engine, AccountId], None] = _tell_nobody,
    *,
    enabled: bool,
    event: AuditEvent,
) -> int:
    """Write it together with its audit event and what `tell` writes."""
    database = open_database(settings.where.database)
    accounts = SqlAccounts(database)
    account = accounts.find_by_rpps(parse_rpps(rpps))
    if account is None:
        print("idp: no account has this RPPS", file=sys.stderr)
        return 1
    account_id = account.id

    def also() -> None:
        SqlAudit(database, SystemClock()).record(event, account_id=account_id)
        tell(database, account_id)

    # `save_changed` tries again if a sign-in saves at the same moment: the operator's decision must stay.
    save_changed(
        SqlUnitOfWork(database),
        accounts,
        account_id,
        lambda row: dataclasses.replace(row, enabled=enabled).next_generation(),
        also,
    )
    return 0
