"""Contains `idp accounts unlock`, `disable` and `enable`: whether the account of one person opens.

Each is told to the person by mail, in its commit. Not here: what is shown of an account (`seen`), the end of
sessions and accounts (`ended`), what is an account (the room `accounts`).
"""

import argparse
import dataclasses
import sys
from collections.abc import Callable, Collection

from idp.accounts.account import Account
from idp.accounts.notices import Notice
from idp.accounts.repository import save_changed
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.leavers import SqlLastSignIns
from idp.adapters.sql.work import SqlUnitOfWork
from idp.cli.whom import gone_said, name_of, one_meant
from idp.clients.located_yaml import BadYaml
from idp.clients.operator_rules import registered
from idp.clients.registry import logout_listeners
from idp.core.audit import AuditEvent
from idp.settings import Settings
from idp.wiring.accounts import build_notices, build_waits
from idp.wiring.resources import Resources, open_resources
from idp.wiring.web import build_web

_NOTHING_TO_DO = 3


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
    account = one_meant(resources.database, options.person)
    if account is None:
        return 1
    post = _notice(resources, account, Notice.ACCOUNT_DISABLED, motive) if account.may_sign_in else _nothing

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
    was = "disabled" if account.may_sign_in else "was disabled already; its motive is the one given now"
    print(f"{name_of(account)}: {was}; its sessions have ended")
    return 0


def _notice(resources: Resources, account: Account, notice: Notice, motive: str = "") -> Callable[[], None]:
    """Returns what posts the mail, where this house sends such ones."""
    settings = resources.settings
    if not settings.closing.disabled_notice:
        return _nothing
    notices = build_notices(resources, build_web(settings, resources.clock).mails)
    return notices.written(account, notice, motive=motive)


def _nothing() -> None:
    """No mail goes out: the person was told before, or the house tells by other means."""


def enable(settings: Settings, options: argparse.Namespace) -> int:
    resources = open_resources(settings)
    account = one_meant(resources.database, options.person)
    if account is None:
        return 1
    if account.may_sign_in:
        print(f"idp: {name_of(account)}: it is not disabled, nothing was changed", file=sys.stderr)
        return _NOTHING_TO_DO
    post = _notice(resources, account, Notice.ACCOUNT_ENABLED)

    def also() -> None:
        # From now on, or an account that was disabled since it was not used would be so again at once.
        SqlLastSignIns(resources.database).record(account.id, resources.clock.now())
        post()

    _set(
        resources,
        account,
        # Closed before it was disabled: it would be erased at once. The person may close it anew.
        lambda row: dataclasses.replace(row, enabled=True, disabled_motive="", closing_at=None),
        AuditEvent.ACCOUNT_ENABLED,
        also,
    )
    print(f"{name_of(account)}: enabled; it counts as used from now on")
    return 0


def unlock(settings: Settings, options: argparse.Namespace) -> int:
    """End the waits that failures left, for a person whom the help desk knows: password and mail code open again."""
    resources = open_resources(settings)
    account = one_meant(resources.database, options.person)
    if account is None:
        return 1
    post = _notice(resources, account, Notice.ACCOUNT_UNLOCKED)
    with SqlUnitOfWork(resources.database).as_one_step():
        build_waits(resources).end(account.identity.rpps)
        resources.audit.record(AuditEvent.ACCOUNT_UNLOCKED, account_id=account.id)
        post()
    print(f"{name_of(account)}: password and mail code wait no more")
    return 0


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
    with gone_said():
        save_changed(
            SqlUnitOfWork(resources.database),
            SqlAccounts(resources.database),
            account.id,
            lambda row: change(row).next_generation(),
            told,
        )
