"""`idp keys …`: the token signing keys. `signing/schedule.py` defines their states."""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial

from idp.adapters.hsm.uri import parse_pkcs11_uri
from idp.adapters.key_files.directory import IN_A_FILE, WHERE_THE_PRESENT_IS, KeyDirectory
from idp.adapters.sql.database import open_database
from idp.cli.listing import NOTHING, show_rows
from idp.core.audit import Audit, AuditEvent
from idp.core.clock import SystemClock
from idp.settings import Settings
from idp.signing.schedule import ALGS, AlreadyRetired, KeyRecord, KeyStillSigns, NextKeyExists, UnknownKey
from idp.signing.signer import Alg
from idp.wiring.audit import build_audit
from idp.wiring.resources import open_key_directory

_ROW = "{:<43}  {:<5}  {:<9}  {:<20}  {:<20}  {}"
_COLUMNS = ("KID", "ALG", "STATE", "SINCE", "UNTIL", "IN")
_EARLY = "idp: warning: who keeps our key set for up to 24 h may refuse the tokens of this key until then"

#: Why `retire` does nothing: the message to the operator, and the exit status.
_REFUSALS: dict[type[Exception], tuple[str, int]] = {
    UnknownKey: ("no key has this kid: see `idp keys list`", 1),
    KeyStillSigns: (
        "this key signs, or is about to: `idp keys rotate` replaces it, `--compromised` takes it away at once",
        1,
    ),
    AlreadyRetired: ("this key is retired already", 3),
}


def list_keys(settings: Settings, options: argparse.Namespace) -> int:
    _print_rows(_directory(settings), lambda record: True, as_json=options.json)
    return 0


def generate(settings: Settings, options: argparse.Namespace) -> int:
    directory, audit = _directory(settings), _audit(settings)
    if options.place not in (WHERE_THE_PRESENT_IS, IN_A_FILE) and parse_pkcs11_uri(options.place).names_key:
        return _take(options.place, directory, audit)
    make = partial(directory.announce, place=options.place)
    return _make_each(ALGS, make, AuditEvent.KEY_GENERATED, directory, audit)


def _take(uri: str, directory: KeyDirectory, audit: Audit) -> int:
    """Announce a pair that other software made in the HSM."""
    try:
        record = directory.take(uri)
    except NextKeyExists:
        print("idp: this key, or the next one of its algorithm, is published already", file=sys.stderr)
        return 3
    _tell(audit, AuditEvent.KEY_GENERATED, record)
    _print_rows(directory, lambda known: known.kid == record.kid)
    return 0


def rotate(settings: Settings, options: argparse.Namespace) -> int:
    directory, audit = _directory(settings), _audit(settings)
    algs: tuple[Alg, ...] = (options.alg,) if options.alg else ALGS
    if options.now:
        print(_EARLY, file=sys.stderr)
    make = directory.activate if options.now else directory.announce
    return _make_each(algs, partial(make, place=options.place), AuditEvent.KEY_ROTATED, directory, audit)


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
    """Revoke a key, even while the database is down: an attacker may hold it.

    Audited afterwards, a failure is printed.
    """
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
    """Make each key that can be made. Returns 3 when every algorithm already had its next key."""
    made: set[str] = set()
    for alg in algs:
        try:
            record = make(alg)
        except NextKeyExists:
            print(f"idp: {alg}: the next key is published already, see `idp keys list`", file=sys.stderr)
            continue
        made.add(record.kid)
        _tell(audit, event, record)
    if not made:
        return 3
    _print_rows(directory, lambda known: known.kid in made)
    return 0


def _tell(audit: Audit, event: AuditEvent, record: KeyRecord) -> None:
    audit.record(
        event,
        kid=record.kid,
        alg=record.alg,
        active_from=_text(record.active_from),
        in_hardware=record.is_in_hsm,
    )


def _directory(settings: Settings) -> KeyDirectory:
    return open_key_directory(settings, SystemClock())


def _audit(settings: Settings) -> Audit:
    """Returns the audit trail, opened before a change: a change that cannot be recorded is not made."""
    return build_audit(settings, open_database(settings.where.database), SystemClock())


def _print_rows(
    directory: KeyDirectory, is_wanted: Callable[[KeyRecord], bool], *, as_json: bool = False
) -> None:
    show_rows(_COLUMNS, _rows(directory, is_wanted), _ROW, as_json=as_json)


def _rows(directory: KeyDirectory, is_wanted: Callable[[KeyRecord], bool]) -> Iterator[tuple[str, ...]]:
    schedule, now = directory.schedule(), directory.clock.now()
    for alg in ALGS:
        for record in schedule.records:
            if record.alg == alg and is_wanted(record):
                since, until = schedule.period(record, now)
                state, place = schedule.state(record, now), "hardware" if record.is_in_hsm else "file"
                yield (record.kid, alg, state, _text(since), _text(until), place)


def _text(instant: datetime | None) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if instant else NOTHING
