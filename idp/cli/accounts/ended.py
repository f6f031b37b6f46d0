"""Contains `idp accounts sign-out` and `erase`: the end of a person's sessions, and of their account. Not here: the
list of sessions (`seen`), the end of many people's (`cli/incident`), accounts whose time has come (`cli/worker`)."""

import argparse
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial

from idp.accounts.account import Account
from idp.accounts.erasure import NoLongerDue
from idp.accounts.notices import Notice
from idp.accounts.repository import AccountNotFound, save_changed
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.work import SqlUnitOfWork
from idp.cli.accounts.seen import living_sessions
from idp.cli.asking import require_wish
from idp.cli.whom import gone_said, name_of, one_meant
from idp.clients.operator_rules import registered
from idp.clients.registry import logout_listeners
from idp.core.audit import AuditEvent
from idp.interaction.sign_out import SignOut
from idp.settings import Settings
from idp.wiring.accounts import build_notices
from idp.wiring.itinerary import build_sessions, build_sign_out
from idp.wiring.resources import Resources, open_resources
from idp.wiring.web import build_mails
from idp.wiring.worker import build_eraser

_WRONG_USE, _NOTHING_TO_DO = 2, 3


def sign_out(settings: Settings, options: argparse.Namespace) -> int:
    """End one session, or all with what was begun in them. Raises BadYaml: applications could not be told."""
    clients, resources = registered(settings), open_resources(settings)
    account = one_meant(resources.database, options.person)
    if account is None:
        return 1
    leave = build_sign_out(resources, build_sessions(resources), lambda: clients)
    end = _end_all if options.session is None else partial(_end_one, sid=options.session)
    status = end(resources, leave, account)
    if status == 0:
        told = len(logout_listeners(clients))
        print(f"{name_of(account)}: signed out; of {told} applications those that were used hear of it")
    return status


def _end_all(resources: Resources, leave: SignOut, account: Account) -> int:
    now, post = resources.clock.now(), _notice(resources, account)

    def also() -> None:
        leave.end_all(account.id, now, by="operator")
        post()

    # The generation ends also what no list knows: sign-ins under way.
    _changed(resources, account, lambda row: row.next_generation(), also)
    return 0


def _end_one(resources: Resources, leave: SignOut, account: Account, sid: str) -> int:
    living = [listed.session.sid for listed, _ in living_sessions(resources, account)]
    if sid not in living:
        return _say("this person has no such session, or it is over: `idp accounts sessions`", _NOTHING_TO_DO)
    leave.end_for_operator(sid, account.id, resources.clock.now(), _notice(resources, account))
    return 0


def _notice(resources: Resources, account: Account) -> Callable[[], None]:
    """Returns what posts the mail that tells the person."""
    return build_notices(resources, build_mails(resources.settings)).written(account, Notice.SESSIONS_CLOSED)


def erase(settings: Settings, options: argparse.Namespace) -> int:
    """Close the account for the time that its person would have to think again, or erase it at once."""
    motive = " ".join((options.motive or "").split())
    if options.now and not motive:
        return _say("--now takes a --motive, which the person reads in the last mail", _WRONG_USE)
    clients, resources = registered(settings), open_resources(settings)
    account = one_meant(resources.database, options.person)
    if account is None:
        return 1
    refusal = _why_not_erased(account, is_at_once=options.now)
    if refusal:
        return _say(f"{name_of(account)}: {refusal}", _NOTHING_TO_DO)
    now = resources.clock.now()
    ends_at = now if options.now else now + settings.closing.closing_grace
    when = "at once, for good" if options.now else f"after {ends_at:%Y-%m-%d %H:%M} UTC"
    print(f"{name_of(account)}: sessions end now, the account is erased with all that is kept of it {when}")
    require_wish("Erase it?", "nothing was changed", is_said=options.yes)
    leave = build_sign_out(resources, build_sessions(resources), lambda: clients)
    _close(resources, leave, account, ends_at, motive, is_at_once=options.now)
    if options.now and not _is_erased(resources, account, motive):
        return _say("not erased: it was disabled or kept meanwhile; its sessions have ended", 1)
    print(
        "Erased."
        if options.now
        else "Closed. Until then a sign-in by card or Pro Santé Connect can take it back."
    )
    return 0


def _why_not_erased(account: Account, *, is_at_once: bool) -> str:
    if not account.may_sign_in:
        # Erased, it would be a first connection, and open again (docs/adr/0042).
        return "it is disabled, and would be open again at the next first connection: `enable` it before"
    if account.closing_at is not None and not is_at_once:
        return f"it is closed already, and erased after {account.closing_at:%Y-%m-%d %H:%M} UTC"
    return ""


def _close(
    resources: Resources,
    leave: SignOut,
    account: Account,
    ends_at: datetime,
    motive: str,
    *,
    is_at_once: bool,
) -> None:
    """As « Fermer mon compte » does. Of one that is erased at once the person gets the last mail alone."""
    notices = build_notices(resources, build_mails(resources.settings))
    post = notices.written(account, Notice.ACCOUNT_CLOSING_ASKED, until=ends_at, motive=motive)

    def also() -> None:
        facts = {"motive": motive} if motive else {}
        resources.audit.record(
            AuditEvent.CLOSE_REQUESTED, account_id=account.id, by="operator", at_once=is_at_once, **facts
        )
        leave.end_all(account.id, resources.clock.now(), by="closing")
        if not is_at_once:
            post()

    _changed(resources, account, lambda row: row.closing(ends_at), also)


def _is_erased(resources: Resources, account: Account, motive: str) -> bool:
    """Erase it. Returns whether it is gone: a worker may have done it in this moment."""
    try:
        with suppress(NoLongerDue):
            build_eraser(resources).erase(account.id, motive)
        SqlAccounts(resources.database).get(account.id)
    except AccountNotFound:
        return True
    return False


def _changed(
    resources: Resources, account: Account, change: Callable[[Account], Account], also: Callable[[], None]
) -> None:
    with gone_said():
        save_changed(
            SqlUnitOfWork(resources.database), SqlAccounts(resources.database), account.id, change, also
        )


def _say(text: str, status: int) -> int:
    print(f"idp: {text}", file=sys.stderr)
    return status
