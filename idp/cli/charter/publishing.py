"""Contains `idp charter publish` and `withdraw`: what they will do is shown first, and asked about.

Not here: the files (`file`), the other commands (`listing`, `preview`).
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from idp.accounts.charter import (
    HOUSE,
    CharterRevision,
    NoCharterPublished,
    NotWithdrawn,
    RevisionAnnounced,
    RevisionExists,
)
from idp.adapters.sql.charter_office import SqlCharterOffice
from idp.adapters.sql.charters import SqlCharters
from idp.adapters.sql.database import open_database
from idp.adapters.sql.work import SqlUnitOfWork
from idp.cli.asking import require_wish
from idp.cli.charter.file import CharterFile, difference, faults_of, read_files
from idp.core.audit import AuditEvent
from idp.core.clock import Clock, SystemClock
from idp.flows.shared.charter_text import title_of
from idp.settings import Settings
from idp.web.local_time import local_day, start_of_day
from idp.wiring.audit import build_audit

_FAILED, _WRONG_USE, _NOTHING_TO_DO = 1, 2, 3


class _Refused(Exception):
    """`status`: of the command. As text: why, with the remedy; a line for each reason."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class _Room:
    """What both commands need."""

    settings: Settings
    clock: Clock
    database: Engine
    charter: str
    least_words: int

    @property
    def charters(self) -> SqlCharters:
        return SqlCharters(self.database, self.clock)

    @property
    def office(self) -> SqlCharterOffice:
        return SqlCharterOffice(self.database, self.clock)

    def record(self, event: AuditEvent, revision: str, **more: str) -> None:
        audit = build_audit(self.settings, self.database, self.clock)
        audit.record(event, charter=self.charter, revision=revision, **more)


def publish(settings: Settings, options: argparse.Namespace) -> int:
    """Raises BadYaml (the front matter), OSError (the files)."""
    files = read_files(options.fr, options.en)
    room = _room(settings, options)
    try:
        before = _former(room)
        new = _new_revision(room, options, files)
        print("\n".join(_summary(room, new, files)))
        require_wish("Publish it?", "not published", is_said=options.yes)
        # Whoever was asked may answer on another day, and another operator be quicker.
        if _former(room) != before:
            raise _Refused(_FAILED, "another revision was published or withdrawn meanwhile: look again")
        new = _new_revision(room, options, files)
        with SqlUnitOfWork(room.database).together():
            room.charters.publish(new)
            announced = {"from": new.due_from.isoformat()} if new.due_from else {}
            room.record(AuditEvent.CHARTER_PUBLISHED, new.revision, **announced)
    except (_Refused, RevisionExists, RevisionAnnounced) as refusal:
        return _told(refusal)
    print(f"{'Announced' if new.due_from else 'Published'}: charter {new.charter}, revision {new.revision}.")
    return 0


def withdraw(settings: Settings, options: argparse.Namespace) -> int:
    """Take back a revision that is announced or in force."""
    room = _room(settings, options)
    try:
        for line in _consequences(room, options.revision):
            print(line)
        require_wish("Withdraw it?", "not withdrawn", is_said=options.yes)
        with SqlUnitOfWork(room.database).together():
            done = room.office.withdraw(room.charter, options.revision, options.name)
            restored = {"restored": done.restored} if done.restored else {}
            room.record(AuditEvent.CHARTER_WITHDRAWN, options.revision, **restored)
    except NotWithdrawn as refusal:
        return _told(_Refused(_FAILED, str(refusal)))
    except (_Refused, RevisionExists, RevisionAnnounced) as refusal:
        return _told(refusal)
    print(f"Withdrawn: charter {room.charter}, revision {options.revision}.")
    if done.restored:
        left = room.office.concerned(room.charter).left
        print(f"In force: {done.restored}, with the text of before; {_people(left)} still to accept it.")
    return 0


def _room(settings: Settings, options: argparse.Namespace) -> _Room:
    return _Room(
        settings=settings,
        clock=SystemClock(),
        database=open_database(settings.where.database),
        charter=options.charter or HOUSE,
        least_words=settings.charter.least_words,
    )


def _new_revision(room: _Room, options: argparse.Namespace, files: dict[str, CharterFile]) -> CharterRevision:
    """Returns what is to be published. Raises _Refused, RevisionExists, RevisionAnnounced."""
    now, former = room.clock.now(), _former(room)
    new = CharterRevision(
        revision=options.revision,
        published_at=now,
        texts={locale: file.text for locale, file in files.items()},
        charter=room.charter,
        changes={locale: file.changes for locale, file in files.items() if file.changes},
        due_from=start_of_day(options.day) if options.day else None,
    )
    if room.office.has(room.charter, new.revision):
        raise RevisionExists(new.revision)
    if former is not None and former.announced_for(now):
        raise RevisionAnnounced(former)
    if faults := tuple(faults_of(files, room.least_words)):
        raise _Refused(_FAILED, "\n".join(faults))
    if former is not None and former.texts == new.texts:
        raise _Refused(
            _NOTHING_TO_DO, f"that is the text of {former.revision}, which is in force: nothing to read"
        )
    if new.due_from is not None:
        _require_time(new.due_from, now, former)
    return new


def _require_time(due_from: datetime, now: datetime, former: CharterRevision | None) -> None:
    """Raises _Refused: the day is none on which it could be announced."""
    if due_from <= now:
        day = _day(due_from)
        raise _Refused(_WRONG_USE, f"{day} is not to come: leave --from out to publish at once")
    if former is None:
        raise _Refused(
            _WRONG_USE, "the first revision has none before it to suffice until then: leave --from out"
        )


def _former(room: _Room) -> CharterRevision | None:
    try:
        return room.charters.newest(room.charter)
    except NoCharterPublished:
        return None


def _summary(room: _Room, new: CharterRevision, files: dict[str, CharterFile]) -> Iterator[str]:
    former, concerned = _former(room), room.office.concerned(room.charter)
    yield f"charter    {new.charter}, revision {new.revision}"
    for locale, file in files.items():
        yield f"text {locale}    {title_of(file.text)}, {file.words} words"
        if former is not None and locale in former.texts:
            lines = difference(former.texts[locale], file.text)
            yield f"           lines: {lines.added} added, {lines.removed} removed since {former.revision}"
        elif former is not None:
            yield f"           {former.revision} has none in this language"
        if former is not None:
            yield f"           tells what changed: {file.changes or 'nothing; front matter `changes`'}"
    if former is not None:
        for locale in former.texts.keys() - files.keys():
            yield f"text {locale}    none, and {former.revision} has one: its readers will see French"
    others = "" if room.charter == HOUSE else ", and whoever comes to an application that demands it"
    yield f"asks       {_people(concerned.people)}{others}"
    yield f"           {_when(new)}"


def _day(at: datetime) -> str:
    """In plain text: no terminal cuts it where a page would."""
    return local_day(at, "en").replace("\N{NO-BREAK SPACE}", " ")


def _when(new: CharterRevision) -> str:
    if new.due_from is None:
        return "at their next sign-in; until then their applications get no new token"
    return f"from {_day(new.due_from)} on; until then they may put it off"


def _consequences(room: _Room, revision: str) -> Iterator[str]:
    there = [one for one in room.office.revisions(room.charter) if one.withdrawn_at is None]
    if not there or (found := there[-1]).revision.revision != revision:
        return  # `withdraw` says why not.
    yield f"charter    {room.charter}, revision {revision}: accepted by {_people(found.accepted)}"
    if found.revision.announced_for(room.clock.now()):
        yield "           only announced: nobody is asked for it any more, and what was accepted before suffices"
    else:
        yield "           the text of the one before comes back: who accepted that is not asked again, others are"


def _people(number: int) -> str:
    return f"{number} {'person' if number == 1 else 'people'}"


def _told(refusal: Exception) -> int:
    status, lines = _NOTHING_TO_DO, str(refusal)
    if isinstance(refusal, _Refused):
        status = refusal.status
    elif isinstance(refusal, RevisionAnnounced):
        day = _day(refusal.announced.due_from or refusal.announced.published_at)
        name = refusal.announced.revision
        lines = f"{name} is announced for {day}: `idp charter withdraw {name}` first"
    elif isinstance(refusal, RevisionExists):
        lines = f"revision {refusal} exists already: choose another name"
    for line in lines.splitlines():
        print(f"idp: {line}", file=sys.stderr)
    return status
