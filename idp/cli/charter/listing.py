"""Contains `idp charter list`, `show` and `status`: what was published, how many accepted it. Nothing of a person."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime

from idp.accounts.charter import HOUSE, CharterRevision
from idp.adapters.sql.charter_office import ListedRevision, SqlCharterOffice
from idp.adapters.sql.database import open_database
from idp.cli.charter.file import CharterFile
from idp.cli.visible import json_text
from idp.core.clock import SystemClock
from idp.settings import Settings
from idp.web.local_time import local_date

_LIST = "{:<20}  {:<16}  {:<10}  {:<24}  {:>8}"
_STATUS = "{:<20}  {:<16}  {:<28}  {:>8}  {:>8}  {:>8}"
_NONE = 1


def list_revisions(settings: Settings, options: argparse.Namespace) -> int:
    """Print them, oldest first, charter by charter."""
    office = _office(settings)
    rows = [
        _told(one, state)
        for charter in _charters(office, options)
        for one, state in _stated(office.revisions(charter), office.clock.now())
    ]
    if options.json:
        return _as_json(rows)
    print(_LIST.format("CHARTER", "REVISION", "PUBLISHED", "STATE", "ACCEPTED"))
    for row in rows:
        day = str(row["published_at"])[:10]
        print(_LIST.format(row["charter"], row["revision"], day, row["state"], row["accepted"]))
    return 0


def show(settings: Settings, options: argparse.Namespace) -> int:
    """Print the text of one revision, as it was published."""
    office, charter = _office(settings), options.charter or HOUSE
    found = [
        (one, state)
        for one, state in _stated(office.revisions(charter), office.clock.now())
        if options.revision in (None, one.revision.revision)
        and (options.revision is not None or one.withdrawn_at is None)
    ]
    if not found:
        name = f"revision {options.revision}" if options.revision else "revision"
        print(f"idp: charter {charter} has no {name}: `idp charter list` has them", file=sys.stderr)
        return _NONE
    one, state = found[-1]
    told = _told(one, state)
    if options.json:
        return _as_json(told | {"texts": one.revision.texts, "changes": dict(one.revision.changes)})
    words = CharterFile(one.revision.text(options.lang)).words
    print(
        f"{charter} {one.revision.revision}: {state}, {words} words, accepted by {one.accepted}",
        file=sys.stderr,
    )
    print(f"SHA-256 {one.revision.sha256(options.lang)}", file=sys.stderr)
    sys.stdout.write(one.revision.text(options.lang))
    return 0


def status(settings: Settings, options: argparse.Namespace) -> int:
    """Print for each charter whom it concerns, and whom it still asks."""
    office = _office(settings)
    rows = [_standing(office, charter) for charter in _charters(office, options)]
    if options.json:
        return _as_json(rows)
    print(_STATUS.format("CHARTER", "IN FORCE", "ANNOUNCED", "PEOPLE", "LEFT", "DUE NOW"))
    for row in rows:
        announced = f"{row['announced']} from {str(row['due_from'])[:10]}" if row["announced"] else "-"
        print(
            _STATUS.format(
                row["charter"], row["in_force"] or "-", announced, row["people"], row["left"], row["due"]
            )
        )
    return 0


def _office(settings: Settings) -> SqlCharterOffice:
    return SqlCharterOffice(open_database(settings.where.database), SystemClock())


def _charters(office: SqlCharterOffice, options: argparse.Namespace) -> Sequence[str]:
    return [options.charter] if options.charter else office.charters()


def _stated(revisions: Sequence[ListedRevision], now: datetime) -> Iterator[tuple[ListedRevision, str]]:
    there = [one for one in revisions if one.withdrawn_at is None]
    in_force = [one for one in there if not one.revision.announced_for(now)][-1:]
    for one in revisions:
        if one.withdrawn_at is not None:
            yield one, f"withdrawn {one.withdrawn_at:%Y-%m-%d}"
        elif one.revision.announced_for(now):
            yield one, f"announced for {_day(one.revision)}"
        else:
            yield one, "in force" if one in in_force else "superseded"


def _standing(office: SqlCharterOffice, charter: str) -> dict[str, object]:
    there = [one.revision for one in office.revisions(charter) if one.withdrawn_at is None]
    now = office.clock.now()
    announced = [one for one in there if one.announced_for(now)]
    in_force = [one for one in there if one not in announced]
    return {
        "charter": charter,
        "in_force": in_force[-1].revision if in_force else None,
        "announced": announced[-1].revision if announced else None,
        "due_from": _day(announced[-1]) if announced else None,
        **asdict(office.concerned(charter)),
    }


def _told(one: ListedRevision, state: str) -> dict[str, object]:
    revision = one.revision
    return {
        "charter": revision.charter,
        "revision": revision.revision,
        "state": state,
        "published_at": revision.published_at.isoformat(),
        "due_from": _day(revision),
        "withdrawn_at": one.withdrawn_at.isoformat() if one.withdrawn_at else None,
        "text_of": revision.text_of or None,
        "accepted": one.accepted,
    }


def _day(revision: CharterRevision) -> str | None:
    return local_date(revision.due_from).isoformat() if revision.due_from else None


def _as_json(told: object) -> int:
    print(json_text(told))
    return 0
