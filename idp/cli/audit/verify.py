"""Contains `idp audit verify`: whether the trail is whole, and its first row that is not. Not here: how that is known
(`core/audit_walk`, `core/audit_seals`, `core/audit_elsewhere`)."""

import argparse
import sys
from collections.abc import Sequence
from datetime import timedelta

from idp.adapters.sql.audit_reading import SqlAuditTrail
from idp.adapters.sql.database import open_database
from idp.cli.audit import proof
from idp.cli.audit.findings import tell_found
from idp.core.audit_chain import day_of
from idp.core.audit_elsewhere import KeptLines, NotKept, read_seals
from idp.core.audit_seals import (
    Seal,
    faults_by_seals,
    faults_by_seals_elsewhere,
    faults_of_seals,
    next_day,
)
from idp.core.audit_walk import Walk
from idp.core.clock import SystemClock
from idp.settings import Settings
from idp.wiring.audit import chain_key

#: A day of which the seal is due is told only so long after it: its worker may be about to make it.
_SEAL_IS_LATE = timedelta(hours=3)


def verify(settings: Settings, options: argparse.Namespace) -> int:
    """Prints each fault, the first first. Returns 1 when there is one. Raises OSError (a file)."""
    if options.export is not None or options.proof is not None:
        return proof.verify(settings, options)
    trail, now = SqlAuditTrail(open_database(settings.where.database)), SystemClock().now()
    kept_since = (now - settings.lives.audit_life).date().isoformat()
    since = max(options.since or "", trail.first_day() or "")
    bare_until = (now - settings.audit.address_life).date().isoformat()
    walk = Walk(key=chain_key(settings), kept_since=kept_since, bare_until=bare_until)
    lines = _kept_lines(options)
    sealed = trail.seals()
    try:
        kept = read_seals(options.seals.read_text("utf-8").splitlines()) if options.seals else ()
    except NotKept as error:
        print(f"idp: {options.seals}: {error}", file=sys.stderr)
        return 1
    found = [*faults_of_seals(walk.key, sealed), *faults_by_seals_elsewhere(kept, sealed)]
    for stored in trail.after(trail.before_day(options.since) if options.since else 0):
        # Another day's row may stand among the first of this one.
        # By the later of both: the chain of a forged row may say any day, or be missing.
        day = max(day_of(stored.record.chain), stored.record.day)
        if day >= (options.since or ""):
            found += walk.feed(stored)
            found += lines.compare(stored)
    found += walk.finish()
    looked_at = [seal for seal in sealed if seal.day >= since]
    found += faults_by_seals(looked_at, walk.heads(), kept_since)
    found += lines.missing(max(kept_since, since))
    whole = {
        "rows": walk.rows,
        "chains": len(walk.heads()),
        "sealed_days": len(looked_at),
        "without_chain": walk.unchained,
        "unread_lines": lines.unread,
        "faults": len(found),
    }
    tell_found(found, whole, as_json=options.json)
    if late := _unsealed(sealed, walk, (now - _SEAL_IS_LATE).date().isoformat()):
        print(f"idp: not sealed: {late} and after; does the worker run?", file=sys.stderr)
    return 1 if found else 0


def _unsealed(sealed: Sequence[Seal], walk: Walk, today: str) -> str | None:
    """Returns the first day that should be sealed and is not."""
    days = sorted(day_of(head.chain) for head in walk.heads())
    due = next_day(sealed[-1].day) if sealed else (days[0] if days else today)
    return due if due < today and days and days[-1] >= due else None


def _kept_lines(options: argparse.Namespace) -> KeptLines:
    kept = KeptLines()
    if options.lines is not None:
        with options.lines.open(encoding="utf-8", errors="replace") as file:
            kept.add(file)
    return kept
