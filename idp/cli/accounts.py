"""Contains `idp accounts`: what the help desk and the operator do to the account of one person. Not here: what is an
account (`accounts`)."""

import argparse
import dataclasses
import sys
from collections.abc import Callable, Collection

from idp.accounts.account import Account
from idp.accounts.notices import Notice
from idp.accounts.repository import save_changed
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.database import open_database
from idp.adapters.sql.erasure import SqlErasures
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.leavers import SqlLastSignIns
from idp.adapters.sql.proofs import SqlProofs
from idp.adapters.sql.work import SqlUnitOfWork
from idp.cards.rpps import parse_rpps
from idp.clients.located_yaml import BadYaml
from idp.clients.operator_rules import registered
from idp.clients.registry import logout_listeners
from idp.core.audit import AuditEvent
from idp.settings import Settings
from idp.wiring.accounts import build_notices, build_pseudonyms, build_waits
from idp.wiring.resources import Resources, open_resources
from idp.wiring.web import build_web


def show(settings: Settings, options: argparse.Namespace) -> int:
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
    if account.disabled_motive:
        print(f"motive: {account.disabled_motive}")
    if account.closing_at is not None:
        print(f"closed by the person: erased after {account.closing_at:%Y-%m-%d %H:%M} UTC")
    print(f"account {account.id}, made {account.created_at:%Y-%m-%d}, language {account.locale}")
    if account.is_mailbox_shared:
        door = "closed" if account.is_closed_by_sharing else "open with a passkey"
        print(f"the mailbox is that of another account too: the password door is {door}")
    if account.signed_in_at is not None:
        print(f"last sign-in: {account.signed_in_at:%Y-%m-%d}, to within a day")
    for proof in SqlProofs(database).of(account.id):
        profession = proof.profession.label if proof.profession else "-"
        dates = f"{proof.first_at:%Y-%m-%d} to {proof.last_at:%Y-%m-%d}"
        print(f"proved by {proof.source}  {dates}  {profession}  {proof.evidence[:16]}")
    for change in SqlAccounts(database).history(account.id):
        print(f"changed {change.at:%Y-%m-%d} by {change.after.source}: {', '.join(change.fields)}")
    return 0


def disable(settings: Settings, options: argparse.Namespace) -> int:
    """Disable at once and everywhere: sessions and grants from before now are void, relying parties are told.

    A bad clients.yaml does not prevent the disabling; the command, run again, tells the relying parties.
    """
    try:
        listeners = logout_listeners(registered(settings))
    except (BadYaml, OSError) as error:
        status = _disabled(settings, options, ())
        if status == 0:
            print(f"idp: disabled, but relying parties were not told: {error}", file=sys.stderr)
        return 1
    return _disabled(settings, options, listeners)


def _disabled(settings: Settings, options: argparse.Namespace, listeners: Collection[str]) -> int:
    resources, motive = open_resources(settings), " ".join((options.motive or "").split())
    account = _account_of(resources, options.rpps)
    if account is None:
        return 1
    post = _notice_of(resources, account, motive)

    def also() -> None:
        SqlGrants(resources.database).end_sessions_of(account.id, resources.clock.now(), listeners)
        post()

    _set(
        resources,
        account,
        lambda row: dataclasses.replace(row, enabled=False, disabled_motive=motive),
        AuditEvent.ACCOUNT_DISABLED,
        also,
    )
    return 0


def _notice_of(resources: Resources, account: Account, motive: str) -> Callable[[], None]:
    """Returns what posts the mail. One that is disabled already was told; run again, the command tells others."""
    settings = resources.settings
    if not settings.closing.disabled_notice or not account.may_sign_in:
        return lambda: None
    notices = build_notices(resources, build_web(settings, resources.clock).mails)
    return notices.written(account, Notice.ACCOUNT_DISABLED, motive=motive)


def enable(settings: Settings, options: argparse.Namespace) -> int:
    resources = open_resources(settings)
    account = _account_of(resources, options.rpps)
    if account is None:
        return 1

    def also() -> None:
        # From now on, or an account that was disabled since it was not used would be so again at once.
        SqlLastSignIns(resources.database).record(account.id, resources.clock.now())

    _set(
        resources,
        account,
        # Closed before it was disabled: it would be erased at once. The person may close it anew.
        lambda row: dataclasses.replace(row, enabled=True, disabled_motive="", closing_at=None),
        AuditEvent.ACCOUNT_ENABLED,
        also,
    )
    return 0


def unlock(settings: Settings, options: argparse.Namespace) -> int:
    """End the waits that failures left, for a person whom the help desk knows: password and mail code open again."""
    resources = open_resources(settings)
    account = _account_of(resources, options.rpps)
    if account is None:
        return 1
    with SqlUnitOfWork(resources.database).as_one_step():
        build_waits(resources).end(account.identity.rpps)
        resources.audit.record(AuditEvent.ACCOUNT_UNLOCKED, account_id=account.id)
    return 0


def _account_of(resources: Resources, rpps: str) -> Account | None:
    account = SqlAccounts(resources.database).find_by_rpps(parse_rpps(rpps))
    if account is None:
        print("idp: no account has this RPPS", file=sys.stderr)
    return account


def _set(
    resources: Resources,
    account: Account,
    change: Callable[[Account], Account],
    event: AuditEvent,
    also: Callable[[], None],
) -> None:
    """Save the change, which voids all that began before, together with its audit event and what `also` writes."""

    def told() -> None:
        resources.audit.record(event, account_id=account.id)
        also()

    # `save_changed` tries again if a sign-in saves at the same moment: the operator's decision must stay.
    save_changed(
        SqlUnitOfWork(resources.database),
        SqlAccounts(resources.database),
        account.id,
        lambda row: change(row).next_generation(),
        told,
    )
