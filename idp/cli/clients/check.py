"""`idp clients check` and `schema`: every fault of clients.yaml at its place, and what an editor knows of it.

Contains what is told, and the look for charters that were never published. Not here: what a fault is
(`clients/reading`).
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idp.adapters.sql.database import DatabaseMissing, open_database
from idp.adapters.sql.schema_state import DatabaseUnusable
from idp.cli.visible import json_text
from idp.clients.advice import advice_of
from idp.clients.located_yaml import BadYaml
from idp.clients.members import SECRET_MEMBERS
from idp.clients.operator_rules import operator_rules
from idp.clients.reading import Reading, demanded_charters, files_of, read_files
from idp.clients.rules import ClientRule
from idp.clients.schema import schema_text
from idp.core.ephemeral import StoreUnavailable
from idp.settings import Settings, settings_from_environment
from idp.wiring.relying_parties import unpublished_charters

#: Wrong use, as a file that is not there.
WRONG_USE = 2


@dataclass(frozen=True, slots=True)
class _Checked:
    """`notes`: advice that has no place in a file."""

    files: Sequence[Path]
    reading: Reading
    notes: Sequence[str]


def check(options: argparse.Namespace) -> int:
    checked = _of_files(options.files) if options.files else _of_settings(settings_from_environment())
    if checked is None:
        return WRONG_USE
    faults = told_faults(checked.reading, options)
    advice = advice_of(checked.reading)
    if options.json:
        told = {
            "files": [str(file) for file in checked.files],
            "clients": len(checked.reading.entries),
            "faults": [as_json(fault) for fault in faults],
            "advice": [as_json(one) for one in advice],
            "notes": checked.notes,
        }
        print(json_text(told))
        return 1 if faults else 0
    for line in (*(one.told() for one in advice), *checked.notes):
        print(f"advice: {line}")
    print_faults(faults)
    if not faults:
        first, *more = checked.files
        others = f" and {len(more)} more" if more else ""
        print(f"{first}{others}: {len(checked.reading.entries)} clients, no fault")
    return 1 if faults else 0


def _of_files(files: Sequence[Path]) -> _Checked | None:
    reading = readable(files)
    return None if reading is None else _Checked(files, reading, [])


def _of_settings(settings: Settings) -> _Checked:
    """Raises OSError."""
    where = settings.where
    files = files_of(where.clients_file, where.clients_directory)
    reading = read_files(files, operator_rules(settings))
    unpublished, notes = _unpublished(settings, reading)
    reading = Reading(reading.entries, (*reading.faults, *unpublished))
    return _Checked(files, reading, [*notes, *_not_read(where.clients_directory)])


def readable(files: Sequence[Path], rules: Sequence[ClientRule] = ()) -> Reading | None:
    """Returns what the files say; None when one cannot be read, which is told."""
    try:
        return read_files(files, rules)
    except OSError as error:
        print(f"idp: {error.filename}: {str(error.strerror).lower()}", file=sys.stderr)
        return None


def told_faults(reading: Reading, options: argparse.Namespace) -> list[BadYaml]:
    def is_minded(fault: BadYaml) -> bool:
        return not (options.no_secrets and fault.is_outside and fault.member in SECRET_MEMBERS)

    return [fault for fault in reading.faults if is_minded(fault)]


def print_faults(faults: Iterable[BadYaml]) -> None:
    for fault in faults:
        print(f"idp: {fault.told()}", file=sys.stderr)


def as_json(fault: BadYaml) -> dict[str, Any]:
    return {
        "file": str(fault.place.path),
        "line": fault.place.line,
        "column": fault.place.column,
        "client": fault.client or None,
        "member": fault.member or None,
        "found": fault.found or None,
        "expected": fault.expected,
        "did_you_mean": fault.meant,
    }


def _unpublished(settings: Settings, reading: Reading) -> tuple[list[BadYaml], list[str]]:
    """Returns a fault for each charter that is demanded and was never published, or that none was looked up."""
    if not demanded_charters(reading):
        return [], []
    try:
        return unpublished_charters(open_database(settings.where.database), reading), []
    except (DatabaseMissing, DatabaseUnusable, StoreUnavailable) as error:
        return [], [f"charters were not looked up: {error}"]


def _not_read(directory: Path | None) -> list[str]:
    """A file whose name ends otherwise would be missed in silence."""
    others = sorted(directory.glob("*.yml")) if directory is not None else []
    return [f"{path}: not read, expected a name that ends in .yaml" for path in others]


def schema(options: argparse.Namespace) -> int:
    print(schema_text(), end="")
    return 0
