"""Contains `idp audit`: reading the trail, and taking it elsewhere. Not here: whether it is whole (`verify`), the
rights on its tables (`cli/db/roles`), what a worker does with it (`adapters/sql/audit_keeping`)."""

import argparse
import csv
import json
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import timedelta
from typing import TextIO

from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.audit_reading import Asked, SqlAuditTrail
from idp.adapters.sql.database import open_database
from idp.cards.rpps import parse_rpps
from idp.cli.audit import proof
from idp.cli.new_file import new_file
from idp.cli.visible import in_a_line
from idp.core.audit_export import exported_line
from idp.core.audit_walk import Stored
from idp.core.clock import SystemClock
from idp.settings import Settings
from idp.wiring.audit import build_audit_people

_AT_ONCE = 2000
_FOLLOW_SECONDS = 1.0
#: Without a time and a person.
_LOOKED_BACK = timedelta(days=31)
#: Rows that may be committed after others that have a higher number.
_LATE = 200
_NAMES = ("account_id", "person", "client_id", "interaction_id", "browsing", "operator")


def tail(settings: Settings, options: argparse.Namespace) -> int:
    trail, asked = _trail(settings), _bounded(_asked(settings, options), options)
    found = trail.search(asked, options.last, newest=True)
    _show(found, options)
    pause = threading.Event()
    with suppress(KeyboardInterrupt):
        while options.follow:
            pause.wait(_FOLLOW_SECONDS)
            found = _show_new(trail, asked, found, options)
    return 0


def _show_new(
    trail: SqlAuditTrail, asked: Asked, known: Sequence[Stored], options: argparse.Namespace
) -> Sequence[Stored]:
    """Returns what was shown until now, as far as it may come again."""
    last, shown = max((one.id for one in known), default=0), {one.id for one in known}
    since = replace(asked, after_id=max(last - _LATE, min(shown, default=1) - 1))
    new = [one for one in trail.search(since, _AT_ONCE) if one.id not in shown]
    _show(new, options)
    return [*known, *new][-2 * _LATE :]


def search(settings: Settings, options: argparse.Namespace) -> int:
    """Prints the newest of them, the oldest first. Returns 1 when there is none."""
    asked = _bounded(_asked(settings, options), options)
    found = _trail(settings).search(asked, options.last, newest=True)
    _show(found, options)
    if len(found) == options.last:
        left_off = f"the last {options.last}; what came before: --before {found[0].id}"
        print(f"idp: {left_off}", file=sys.stderr)
    elif asked.since is not None and options.since is None:
        print(f"idp: looked back to {asked.since:%Y-%m-%d} alone: --since looks further", file=sys.stderr)
    return 0 if found else 1


def _bounded(asked: Asked, options: argparse.Namespace) -> Asked:
    """Returns what is asked, not along the whole trail: of one person there is an index, and of days."""
    if options.since is not None or asked.account_id is not None or asked.person is not None:
        return asked
    return replace(asked, since=(options.until or SystemClock().now()) - _LOOKED_BACK)


def export(settings: Settings, options: argparse.Namespace) -> int:
    """Raises OSError: the file is there already, or cannot be written."""
    if options.proof is not None:
        return proof.export(settings, options)
    rows = _all(_trail(settings), _asked(settings, options))
    with nullcontext(sys.stdout) if options.out is None else new_file(options.out) as out:
        count = _EXPORTS[options.format](rows, out)
    print(f"idp: {count} events", file=sys.stderr)
    return 0


def seals(settings: Settings, options: argparse.Namespace) -> int:
    for seal in _trail(settings).seals():
        if seal.day >= (options.since or ""):
            print(seal.line())
    return 0


def _trail(settings: Settings) -> SqlAuditTrail:
    return SqlAuditTrail(open_database(settings.where.database))


def _asked(settings: Settings, options: argparse.Namespace) -> Asked:
    """Raises InvalidRpps."""
    account_id, person = options.account, options.person
    if options.rpps is not None:
        rpps = parse_rpps(options.rpps)
        account = SqlAccounts(open_database(settings.where.database)).find_by_rpps(rpps)
        account_id, person = (account.id if account else None), build_audit_people(settings).of(rpps)
    return Asked(
        account_id=account_id,
        person=person,
        events=options.event,
        outcome=options.outcome,
        client_id=options.client,
        since=options.since,
        until=options.until,
        reference=options.reference,
        operator=options.by,
        network=options.network,
        before_id=options.before,
    )


def _all(trail: SqlAuditTrail, asked: Asked) -> Iterator[Stored]:
    while found := trail.search(asked, _AT_ONCE):
        yield from found
        asked = replace(asked, after_id=found[-1].id)


def _show(found: Sequence[Stored], options: argparse.Namespace) -> None:
    for stored in found:
        print(_line(stored) if options.json else _words(stored), flush=True)


def _words(stored: Stored) -> str:
    record = stored.record
    named = {name: getattr(record, name) for name in _NAMES}
    named["from"] = record.network.address if record.network else None
    told = [
        f"{name}={_shown(value)}" for name, value in {**named, **record.facts}.items() if value is not None
    ]
    return f"{record.at:%Y-%m-%dT%H:%M:%S}Z  {record.event:<27}  {' '.join(told)}"


def _shown(value: object) -> str:
    # A refused request may name any text as its client, and a terminal would obey some of it.
    return in_a_line(str(value))


def _line(stored: Stored) -> str:
    return f'{{"id":{stored.id},{stored.record.line()[1:]}'


def _export_lines(rows: Iterable[Stored], out: TextIO) -> int:
    count = 0
    for count, stored in enumerate(rows, 1):  # noqa: B007 - the last is how many
        out.write(f"{exported_line(stored)}\n")
    return count


def _export_csv(rows: Iterable[Stored], out: TextIO) -> int:
    writer, count = csv.writer(out), 0
    writer.writerow(("id", "at", "event", *_NAMES, "network", "facts", "chain", "sequence", "digest"))
    for count, stored in enumerate(rows, 1):  # noqa: B007 - as above
        record = stored.record
        named = [getattr(record, name) for name in _NAMES]
        address = record.network.address if record.network else ""
        facts = json.dumps(dict(record.facts), sort_keys=True)
        link = (record.chain, record.sequence, record.digest)
        cells = (stored.id, record.at.isoformat(), record.event, *named, address, facts, *link)
        writer.writerow([_inert(cell) for cell in cells])
    return count


def _inert(cell: object) -> object:
    # As above: a spreadsheet would take it for a formula.
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


_EXPORTS: dict[str, Callable[[Iterable[Stored], TextIO], int]] = {
    "jsonl": _export_lines,
    "csv": _export_csv,
}
