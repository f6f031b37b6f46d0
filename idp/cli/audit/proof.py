"""Contains `idp audit export --proof` and `idp audit verify --export`: a part of the trail, by whole days, that proves
itself away from its database. Not here: the proof (`core/audit_export`), other exports (`trail`)."""

import argparse
import hashlib
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta

from idp.adapters.sql.audit_reading import SqlAuditTrail
from idp.adapters.sql.database import open_database
from idp.cli.audit.findings import tell_found
from idp.cli.new_file import new_file
from idp.core.audit_chain import day_of
from idp.core.audit_elsewhere import NotKept
from idp.core.audit_export import Proof, exported_line, faults_of_export, read_exported, read_proof
from idp.core.audit_walk import Stored, Walk
from idp.core.clock import SystemClock
from idp.settings import Settings
from idp.wiring.audit import chain_key

_WRONG_USE = 2
#: What names some of the rows: the chains of such a part have gaps, and prove nothing.
_CHOOSING = ("account", "rpps", "person", "client", "reference", "by", "network", "event", "outcome")
#: A row may stand so far behind those of a later instant.
_MOMENT = timedelta(hours=1)


def export(settings: Settings, options: argparse.Namespace) -> int:
    """Write the rows of whole days, and their proof beside them. Raises OSError (a file)."""
    wrong = _why_not(options)
    if wrong:
        print(f"idp: {wrong}", file=sys.stderr)
        return _WRONG_USE
    trail, now = SqlAuditTrail(open_database(settings.where.database)), SystemClock().now()
    since = options.since.date().isoformat() if options.since else trail.first_day() or now.date().isoformat()
    until = options.until.date() if options.until else now.date() + timedelta(days=1)
    bare_until = (now - settings.audit.address_life).date().isoformat()
    walk, digest = Walk(key=chain_key(settings), kept_since="", bare_until=bare_until), hashlib.sha256()
    faults = 0
    with new_file(options.proof) as proof_file, new_file(options.out) as out:
        for stored in _of_days(trail, since, until):
            line = f"{exported_line(stored)}\n"
            digest.update(line.encode())
            out.write(line)
            faults += len(list(walk.feed(stored)))
        faults += len(list(walk.finish()))
        proof = Proof(
            since=since,
            until=until.isoformat(),
            bare_until=bare_until,
            rows=walk.rows,
            sha256=digest.hexdigest(),
            faults=faults,
            chains=tuple(sorted(walk.heads())),
            seals=tuple(seal for seal in trail.seals() if since <= seal.day < until.isoformat()),
        )
        proof_file.write(f"{proof.signed(chain_key(settings))}\n")
    print(f"idp: {walk.rows} events of {since} to before {until}, SHA-256 {proof.sha256}", file=sys.stderr)
    if faults:
        print(f"idp: {faults} of them are broken already: `idp audit verify`", file=sys.stderr)
    return 0


def _why_not(options: argparse.Namespace) -> str:
    if options.out is None or options.format != "jsonl" or any(getattr(options, one) for one in _CHOOSING):
        return "--proof is of every event of some days, as lines in a file: with --out, --since and --until alone"
    ends = (options.since, options.until)
    if any(one is not None and one != _midnight(one.date()) for one in ends):
        return "--proof is of whole days (UTC): --since 2026-11-01 --until 2026-12-01"
    return ""


def _of_days(trail: SqlAuditTrail, since: str, until: date) -> Iterator[Stored]:
    # By the later of both, as `verify` does: a chain is of the day of its commit.
    for stored in trail.after(trail.before_day(since), until=_midnight(until) + _MOMENT):
        if since <= max(day_of(stored.record.chain), stored.record.day) < until.isoformat():
            yield stored


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC)


def verify(settings: Settings, options: argparse.Namespace) -> int:
    """Compare a file with its proof, and both with the application key; no database is asked. Raises OSError."""
    key, path = chain_key(settings), options.export
    if path is None or options.proof is None or options.since or options.seals or options.lines:
        print("idp: --export FILE and its --proof FILE go together, and alone", file=sys.stderr)
        return _WRONG_USE
    try:
        proof = read_proof(options.proof.read_text("utf-8"))
        if not proof.is_genuine(key):
            raise NotKept("not made with this application key, or changed since")
    except (NotKept, UnicodeDecodeError) as error:
        print(f"idp: {options.proof}: {error}", file=sys.stderr)
        return 1
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            found = list(faults_of_export(key, proof, _rows(file, digest)))
    except (NotKept, UnicodeDecodeError) as error:
        print(f"idp: {path}: {error}", file=sys.stderr)
        return 1
    is_same = digest.hexdigest() == proof.sha256
    whole = {"rows": proof.rows, "chains": len(proof.chains), "sealed_days": len(proof.seals)}
    told = {**whole, "without_chain": 0, "other_bytes": int(not is_same), "faults": len(found)}
    tell_found(found, told, as_json=options.json)
    if not is_same:
        print(f"idp: {path}: its SHA-256 is not that of the proof", file=sys.stderr)
    return 0 if is_same and not found else 1


def _rows(lines: Iterable[bytes], digest: "hashlib._Hash") -> Iterator[Stored]:
    for line in lines:
        digest.update(line)
        yield read_exported(line.decode())
