"""`idp keys …`: the token signing keys. What each state means is said in `signing/schedule.py`."""

import argparse
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from idp.adapters.key_directory import KeyDirectory
from idp.adapters.sql_audit import SqlAudit
from idp.adapters.sql_engine import open_engine
from idp.audit import Audit, AuditEvent
from idp.clock import SystemClock
from idp.house import open_key_directory
from idp.settings import Settings
from idp.signing.schedule import ALGS, AlreadyRetired, KeyRecord, KeyStillSigns, NextKeyExists, UnknownKey
from idp.signing.signer import Alg

_ROW = "{:<43}  {:<5}  {:<9}  {:<20}  {}"
_EARLY = "idp: warning: who keeps our key set for up to 24 h may refuse the tokens of this key until then"

#: Why `retire` does nothing: what the operator reads, and the exit status.
_REFUSALS: dict[type[Exception], tuple[str, int]] = {
    UnknownKey: ("no key has this kid: see `idp keys list`", 1),
    KeyStillSigns: (
        "this key signs, or is about to: `idp keys rotate` replaces it, `--compromised` takes it away at once",
        1,
    ),
    AlreadyRetired: ("this key is retired already", 3),
}


def list_keys(settings: Settings, options: argparse.Namespace) -> int:
    _print_rows(_directory(settings), lambda record: True)
    return 0


def generate(settings: Settings, options: argparse.Namespace) -> int:
    directory, audit = _directory(settings), _audit(settings)
    return _make_each(ALGS, directory.announce, AuditEvent.KEY_GENERATED, directory, audit)


def rotate(settings: Settings, options: argparse.Namespace) -> int:
    directory, audit = _directory(settings), _audit(settings)
    algs: tuple[Alg, ...] = (options.alg,) if options.alg else ALGS
    if options.now:
        print(_EARLY, file=sys.stderr)
    make = directory.activate if options.now else directory.announce
    return _make_each(algs, make, AuditEvent.KEY_ROTATED, directory, audit)


def retire(settings: Settings, options: argparse.Namespace) -> int:
    try:
        return (_revoke if options.compromised else _retire)(settings, options.kid)
    except tuple(_REFUSALS) as error:
        reason, status = _REFUSALS[type(error)]
        print(f"idp: {reason}", file=sys.stderr)
        return status


def _retire(settings: Settings, kid: str) -> int:
    directory, audit = _directory(settings), _audit(settings)
    record = directory.retire(kid)
    audit.record(AuditEvent.KEY_RETIRED, kid=record.kid, alg=record.alg)
    _print_rows(directory, lambda known: known.kid == record.kid)
    return 0


def _revoke(settings: Settings, kid: str) -> int:
    """A key in foreign hands goes even while the database is out: audited after, and a failure of that is told."""
    directory = _directory(settings)
    revoked, successor = directory.revoke(kid)
    kids = {revoked.kid, successor.kid if successor else ""}
    _print_rows(directory, lambda known: known.kid in kids)
    _audit(settings).record(
        AuditEvent.KEY_REVOKED, kid=revoked.kid, alg=revoked.alg, successor=successor.kid if successor else ""
    )
    return 0


def _make_each(
    algs: Iterable[Alg],
    make: Callable[[Alg], KeyRecord],
    event: AuditEvent,
    directory: KeyDirectory,
    audit: Audit,
) -> int:
    """What can be made is made; 3 when every algorithm had its next key already."""
    made: set[str] = set()
    for alg in algs:
        try:
            record = make(alg)
        except NextKeyExists:
            print(f"idp: {alg}: the next key is published already, see `idp keys list`", file=sys.stderr)
            continue
        made.add(record.kid)
        audit.record(event, kid=record.kid, alg=alg, active_from=_text(record.active_from))
    if not made:
        return 3
    _print_rows(directory, lambda known: known.kid in made)
    return 0


def _directory(settings: Settings) -> KeyDirectory:
    return open_key_directory(settings, SystemClock())


def _audit(settings: Settings) -> Audit:
    """Opened before a change: what cannot be recorded is not done."""
    return SqlAudit(open_engine(settings.database), SystemClock())


def _print_rows(directory: KeyDirectory, is_wanted: Callable[[KeyRecord], bool]) -> None:
    schedule, now = directory.schedule(), directory.clock.now()
    print(_ROW.format("KID", "ALG", "STATE", "SINCE", "UNTIL"))
    for alg in ALGS:
        for record in schedule.records:
            if record.alg == alg and is_wanted(record):
                since, until = schedule.period(record, now)
                print(_ROW.format(record.kid, alg, schedule.state(record, now), _text(since), _text(until)))


def _text(instant: datetime | None) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if instant else "-"
