"""Contains `idp accounts sign-out`: the end of a person's sessions. Not here: their list (`accounts_seen`), the end
of many people's (`incident`)."""

import argparse
import sys
from collections.abc import Callable
from functools import partial

from idp.accounts.account import Account
from idp.accounts.notices import Notice
from idp.accounts.repository import save_changed
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.work import SqlUnitOfWork
from idp.cli.accounts_seen import living_sessions
from idp.cli.whom import gone_said, name_of, one_meant
from idp.clients.operator_rules import registered
from idp.clients.registry import logout_listeners
from idp.interaction.sign_out import SignOut
from idp.settings import Settings
from idp.wiring.accounts import build_notices
from idp.wiring.itinerary import build_sessions, build_sign_out
from idp.wiring.resources import Resources, open_resources
from idp.wiring.web import build_web

_NOTHING_TO_DO = 3


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

    with gone_said():
        # The generation ends also what no list knows: sign-ins under way.
        save_changed(
            SqlUnitOfWork(resources.database),
            SqlAccounts(resources.database),
            account.id,
            lambda row: row.next_generation(),
            also,
        )
    return 0


def _end_one(resources: Resources, leave: SignOut, account: Account, sid: str) -> int:
    living = [listed.session.sid for listed, _ in living_sessions(resources, account)]
    if sid not in living:
        print("idp: this person has no such session, or it is over: `idp accounts sessions`", file=sys.stderr)
        return _NOTHING_TO_DO
    leave.end_for_operator(sid, account.id, resources.clock.now(), _notice(resources, account))
    return 0


def _notice(resources: Resources, account: Account) -> Callable[[], None]:
    """Returns what posts the mail that tells the person."""
    notices = build_notices(resources, build_web(resources.settings, resources.clock).mails)
    return notices.written(account, Notice.SESSIONS_CLOSED)
