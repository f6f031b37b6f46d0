"""`idp why`: why somebody cannot sign in, in one line, and what is known of it.

Contains the look-up, its audit event and what is printed. Not here: the facts (`situation`), the reason (`reasons`),
the words (`words`).
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from idp.adapters.sql.work import SqlUnitOfWork
from idp.cards.anchors import AnchorsRefused
from idp.cli.explain.refusals import told_of
from idp.cli.house import House, open_house
from idp.cli.visible import in_a_line, json_text
from idp.cli.why.asked import Asked, By, NotUnderstood, read_asked
from idp.cli.why.found import Lead, Reader
from idp.cli.why.known import Known
from idp.cli.why.reasons import verdict_of
from idp.cli.why.situation import Situation
from idp.cli.why.words import Words
from idp.clients.client_file import ClientFile
from idp.clients.located_yaml import BadYaml
from idp.clients.shown import nearest
from idp.core.audit import AuditEvent
from idp.settings import BadSetting, Settings
from idp.wiring.audit import build_audit_people
from idp.wiring.relying_parties import build_clients
from idp.wiring.resources import Resources, open_resources

_NOT_THERE, _WRONG_USE, _NOTHING = 1, 2, 3


def why(settings: Settings, options: argparse.Namespace) -> int:
    """Returns 0 with the one reason; 1 for several people, or no such client; 2 for what is none of what may be asked;
    3 when nothing is kept."""
    try:
        asked = read_asked(" ".join(options.whom))
    except NotUnderstood as no:
        return _say(str(no), _WRONG_USE)
    return _looked_up(open_resources(settings), asked, options)


def _looked_up(resources: Resources, asked: Asked, options: argparse.Namespace) -> int:
    clients = _clients(resources)
    registry = {} if clients is None else clients.registry()
    client = registry.get(options.client) if options.client else None
    if options.client and client is None:
        near = nearest(options.client, registry)
        return _say(f"no such client is registered{f'; did you mean `{near}`?' if near else ''}", _NOT_THERE)
    house = None if clients is None else _house(resources, clients)
    reach = timedelta(days=options.days)
    reader = Reader(resources=resources, reach=reach, house=house, clients=registry, client=client)
    lead = reader.lead(asked)
    it = reader.situation(lead)
    # Before a word of it is shown: what cannot be written down is not told.
    _audit(resources, lead)
    words = Words.of(
        options.lang,
        strong=_strong(house),
        first=_first(house, resources.settings),
        clients={name: one.name for name, one in registry.items()},
        most=options.last,
    )
    show = _show_json if options.json else _show
    return show(Known(words), lead, it)


def _show(known: Known, lead: Lead, it: Situation) -> int:
    print("\n".join(map(_printable, _lines(known, lead, it))))
    return _status(lead, it)


def _lines(known: Known, lead: Lead, it: Situation) -> Iterator[str]:
    if len(lead.accounts) > 1:
        yield from known.words.several(lead.accounts)
        return
    yield from known.words.first_lines(it, verdict_of(it))
    yield ""
    if lead.request is not None:
        yield from (f"{name:<18} {value}" for name, value in told_of(lead.request, lead.asked.text).items())
    yield from known.lines(it)


def _show_json(known: Known, lead: Lead, it: Situation) -> int:
    told: Mapping[str, Any]
    if len(lead.accounts) > 1:
        told = {"several": list(known.words.several(lead.accounts))[1:]}
    else:
        told = known.json(it, verdict_of(it))
    if lead.request is not None:
        told = {**told, "request": told_of(lead.request, lead.asked.text)}
    print(json_text(told))
    return _status(lead, it)


def _status(lead: Lead, it: Situation) -> int:
    if len(lead.accounts) > 1:
        return _NOT_THERE
    return _NOTHING if it.is_of_nobody and not it.events else 0


def _audit(resources: Resources, lead: Lead) -> None:
    """What was looked up is named by the account, or by a keyed hash; a reference is nobody's name."""
    asked, by = lead.asked, str(lead.asked.by)
    audit, event = resources.audit, AuditEvent.HELP_DESK_LOOKED
    facts = {"by": by}
    if asked.by is By.REFERENCE:
        facts["asked"] = asked.text
    elif asked.rpps is None and not lead.accounts:
        facts["asked"] = build_audit_people(resources.settings).of(f"{by}:{asked.text.lower()}")
    with SqlUnitOfWork(resources.database).together():
        for account in lead.accounts:
            audit.record(event, account_id=account.id, **facts)
        if not lead.accounts:
            audit.record(event, rpps=asked.rpps, **facts)


def _clients(resources: Resources) -> ClientFile | None:
    # At two in the morning the file may be what is wrong: the person is looked up all the same.
    try:
        return build_clients(resources.settings, resources.clock)
    except (BadYaml, BadSetting, OSError) as error:
        _say(f"applications are named by their client_id alone: {error}", 0)
        return None


def _house(resources: Resources, clients: ClientFile) -> House | None:
    try:
        return open_house(resources, clients)
    except (AnchorsRefused, BadSetting, OSError) as error:
        _say(f"which doors are open is not known: {error}", 0)
        return None


def _strong(house: House | None) -> str:
    """Returns by which doors a person proves who they are: "both", "cps", "psc" or "none"."""
    opened = frozenset() if house is None else house.doors.opened
    return _NAMES["cps" in opened, "psc" in opened]


def _first(house: House | None, settings: Settings) -> str:
    """The same of a first connection."""
    opened = frozenset() if house is None else house.doors.opened
    return _NAMES["cps" in opened, "psc" in opened and settings.psc.may_enrol]


_NAMES = {(True, True): "both", (True, False): "cps", (False, True): "psc", (False, False): "none"}


def _printable(line: str) -> str:
    # A name or a refused request may have any text, and a terminal would obey some of it.
    return in_a_line(line.replace("\N{NO-BREAK SPACE}", " "))


def _say(text: str, status: int) -> int:
    print(f"idp: {text}", file=sys.stderr)
    return status
