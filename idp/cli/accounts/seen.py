"""Contains `idp accounts find`, `show` and `sessions`: what an operator sees of a person. Each look leaves its event in
the trail of that person, and nothing secret is shown.

Not here: what changes an account (`opening`, `email`, `ended`), why somebody cannot sign in (`cli/why`).
"""

import argparse
import re
import sys
from collections.abc import Sequence
from datetime import timedelta

from idp.accounts.account import Account
from idp.accounts.erasure import KeptEvidence
from idp.accounts.open_sessions import ListedSession
from idp.adapters.sql.account_search import SqlAccountSearch
from idp.adapters.sql.erasure import SqlErasures
from idp.adapters.sql.open_sessions import SqlOpenSessions
from idp.adapters.sql.work import SqlUnitOfWork
from idp.cards.rpps import InvalidRpps, parse_rpps
from idp.cards.typed_text import bare_number, one_line
from idp.cli.accounts.words import (
    account_lines,
    brief,
    brief_line,
    evidence_told,
    session_lines,
    session_told,
    whole,
)
from idp.cli.by_card import CARD, by_card
from idp.cli.visible import json_text
from idp.cli.whom import is_address, meant, name_of, one_meant, say_nobody
from idp.core.audit import AuditEvent
from idp.interaction.session import Session
from idp.settings import Settings
from idp.wiring.accounts import build_pseudonyms
from idp.wiring.itinerary import build_sessions
from idp.wiring.resources import Resources, open_resources

#: What happened with cards is looked through so far back for the number of one.
_CARDS_SINCE = timedelta(days=92)
_FOUND_NOBODY = 1


def find(settings: Settings, options: argparse.Namespace) -> int:
    """Print whom it may be, a line each. Returns 1 when it is nobody."""
    resources, text = open_resources(settings), " ".join(options.what)
    found, left_off = _found(resources, text, options.most)
    _note(resources, "find", found, text)
    for account in found:
        print(json_text(brief(account), indent=None) if options.json else brief_line(account))
    if left_off:
        print(f"idp: {left_off}", file=sys.stderr)
    if not found:
        print("idp: no account is known by that", file=sys.stderr)
    return 0 if found else _FOUND_NOBODY


def _found(resources: Resources, text: str, most: int) -> tuple[Sequence[Account], str]:
    """Returns the accounts, and what was not looked at."""
    try:
        there = meant(resources.database, text)
    except InvalidRpps:
        # Of a number that is a little too long or too short no name is to be thought.
        if re.fullmatch(rf"[0-9]{{6,20}}|{CARD}", number := bare_number(text).lower()):
            return _by_card(resources, number)
        by_name = SqlAccountSearch(resources.database).by_name(one_line(text), most)
        more = f"the first {len(by_name.accounts)}; there may be more (--most, or more of the name)"
        return by_name.accounts, more if by_name.is_cut else ""
    return there[:most], "" if len(there) <= most else f"the first {most} (--most)"


def _by_card(resources: Resources, number: str) -> tuple[Sequence[Account], str]:
    since = resources.clock.now() - _CARDS_SINCE
    found = by_card(resources.database, number, since)
    return found.accounts, f"as a card, among the events of cards since {since:%Y-%m-%d}"


def show(settings: Settings, options: argparse.Namespace) -> int:
    """For the help desk: prints nothing secret, but personal data."""
    resources = open_resources(settings)
    account, erased = _shown(resources, options.person)
    _note(resources, "show", [account] if account else (), options.person)
    if options.json:
        known = None if account is None else whole(resources, account)
        told = {"account": known, "erased": [evidence_told(one) for one in erased]}
        print(json_text(told))
    else:
        for line in account_lines(resources, account, erased):
            print(line)
    if account is None:
        say_nobody(options.person)
    return 0 if account else _FOUND_NOBODY


def _shown(resources: Resources, text: str) -> tuple[Account | None, Sequence[KeptEvidence]]:
    """Returns the account, and what is left of former ones of this RPPS."""
    found = meant(resources.database, text)
    account = one_meant(resources.database, text) if found else None
    rpps = account.identity.rpps if account else None if is_address(text) else parse_rpps(text)
    if rpps is None:
        return account, ()
    pseudonym = build_pseudonyms(resources.settings).of(rpps)
    return account, SqlErasures(resources.database).evidence_of(pseudonym)


def sessions(settings: Settings, options: argparse.Namespace) -> int:
    """Print each session that a browser can still use, the newest first."""
    resources = open_resources(settings)
    account = one_meant(resources.database, options.person)
    _note(resources, "sessions", [account] if account else (), options.person)
    if account is None:
        return _FOUND_NOBODY
    living = living_sessions(resources, account)
    if options.json:
        print(json_text([session_told(*one) for one in living]))
        return 0
    print(f"{name_of(account)}: {len(living)} sessions")
    for one in living:
        print("\n".join(session_lines(session_told(*one))))
    return 0


def living_sessions(resources: Resources, account: Account) -> Sequence[tuple[ListedSession, Session]]:
    """Returns them as the section « Sessions » of the person has them. Raises StoreUnavailable."""
    now, known = resources.clock.now(), build_sessions(resources)
    listed = SqlOpenSessions(resources.database).of(account.id, now)
    found = known.find_all([one.session.sid for one in listed])
    return list(known.living(listed, found, account, now))


def _note(resources: Resources, how: str, found: Sequence[Account], text: str) -> None:
    """Write who looked, before a word is shown: what cannot be written down is not told."""
    record, event = resources.audit.record, AuditEvent.ACCOUNT_LOOKED_UP
    with SqlUnitOfWork(resources.database).together():
        for account in found:
            record(event, account_id=account.id, how=how)
        if not found:
            record(event, rpps=_rpps_in(text), how=how)


def _rpps_in(text: str) -> str | None:
    try:
        return parse_rpps(text)
    except InvalidRpps:
        return None
