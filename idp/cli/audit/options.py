"""Contains the options of `idp audit`. Not here: the commands, which import the database."""

import argparse
import re
from collections.abc import Callable
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path

from idp.cli.times import typed_ago, typed_day
from idp.core.audit import AuditEvent

OUTCOMES = sorted({str(event).rpartition(":")[2] for event in AuditEvent})
_MOST = 1_000_000


def add_audit(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    tail = add("audit tail", "audit.trail.tail", "the last events, the newest at the end")
    tail.add_argument("--follow", "-f", action="store_true", help="and those to come, until it is stopped")
    search = add("audit search", "audit.trail.search", "events that meet all that is said of them")
    for command, last in ((tail, 20), (search, 1000)):
        command.add_argument("--last", type=_number, default=last, help=f"how many at most (default: {last})")
        command.add_argument("--json", action="store_true", help="a line of JSON each")
    search.add_argument(
        "--before", type=_number, metavar="ROW", help="what came before this one, for a page more"
    )
    tail.set_defaults(before=None)
    _add_asked(tail)
    _add_asked(search)
    export = add("audit export", "audit.trail.export", "all such events, the oldest first, to a file")
    _add_asked(export)
    export.add_argument("--format", choices=("jsonl", "csv"), default="jsonl", help="default: jsonl")
    export.add_argument("--out", type=Path, metavar="FILE", help="a new file, mode 0600; default: shown")
    export.add_argument(
        "--proof",
        type=Path,
        metavar="FILE",
        help="a new file that proves the other whole, by `verify --export`; of whole days",
    )
    export.set_defaults(before=None)
    verify = add(
        "audit verify", "audit.verify.verify", "whether any row was changed, removed, inserted, reordered"
    )
    verify.add_argument("--since", type=_day, metavar="DAY", help="from this day on (UTC): 2026-11-30")
    verify.add_argument("--seals", type=Path, metavar="FILE", help="compare with seals kept elsewhere")
    verify.add_argument("--lines", type=Path, metavar="FILE", help="compare with lines kept elsewhere")
    verify.add_argument(
        "--export", type=Path, metavar="FILE", help="in place of the database: what `export --proof` made"
    )
    verify.add_argument("--proof", type=Path, metavar="FILE", help="its proof")
    verify.add_argument(
        "--json", action="store_true", help="a line of JSON for each fault, and one for the whole"
    )
    seals = add(
        "audit seals", "audit.trail.seals", "the seals of the days, a line of JSON each, to keep elsewhere"
    )
    seals.add_argument("--since", type=_day, metavar="DAY", help="from this day on (UTC)")


def add_roles(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    roles = add(
        "db roles", "db.roles.roles", "what each role of PostgreSQL may do, as SQL to run (needs no settings)"
    )
    roles.set_defaults(needs_settings=False)
    for name, default, meaning in (
        ("--provider", "caducee", "the role of `idp serve` and of commands"),
        ("--worker", "caducee_worker", "the role of `idp worker`"),
        ("--schema", "public", "where the tables are"),
    ):
        roles.add_argument(name, type=_identifier, default=default, help=f"{meaning} (default: {default})")


def _add_asked(command: argparse.ArgumentParser) -> None:
    who = command.add_mutually_exclusive_group()
    who.add_argument("--account", metavar="ID", help="of this account, by its internal id")
    who.add_argument("--rpps", help="of the account of this RPPS, and of attempts without an account")
    who.add_argument("--person", metavar="HASH", help="of attempts without an account, as `person` has it")
    command.add_argument(
        "--outcome", choices=OUTCOMES, metavar="NAME", help=f"how it ended: {', '.join(OUTCOMES)}"
    )
    command.add_argument(
        "--event",
        type=_event,
        action="append",
        default=[],
        metavar="NAME",
        help="such as card:login:* ; repeatable",
    )
    command.add_argument("--client", metavar="CLIENT_ID")
    command.add_argument(
        "--since", type=typed_ago, metavar="TIME", help="2026-11-30, 2026-11-30T08:00Z, or 45m, 6h, 2d ago"
    )
    command.add_argument("--until", type=typed_ago, metavar="TIME", help="before then")
    command.add_argument(
        "--reference", help="what a page or a line of the log names: an interaction, an incident, a session"
    )
    command.add_argument("--by", metavar="NAME", help="commands of this operator")
    command.add_argument("--network", metavar="ADDRESS", help="from addresses that begin so: 192.0.2.")


def operator_name(text: str) -> str:
    from idp.settings.audit import is_operator

    if not is_operator(text):
        raise argparse.ArgumentTypeError("1 to 64 signs in one line")
    return text


def _event(text: str) -> str:
    """A name that no event has would find nothing, and read like a quiet day."""
    names = [str(event) for event in AuditEvent]
    if not any(fnmatchcase(name, text) for name in names):
        near = get_close_matches(text, names, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise argparse.ArgumentTypeError(f"{text}: no event is called so (docs/audit.md){hint}")
    return text


def _identifier(text: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", text):
        raise argparse.ArgumentTypeError("small letters, digits and _")
    return text


def _number(text: str) -> int:
    if not (re.fullmatch(r"[0-9]{1,7}", text) and 0 < int(text) <= _MOST):
        raise argparse.ArgumentTypeError(f"1 to {_MOST}")
    return int(text)


def _day(text: str) -> str:
    """As the seals name it."""
    return typed_day(text).isoformat()
