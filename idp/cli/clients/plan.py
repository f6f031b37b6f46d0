"""`idp clients plan`: what a changed file of clients would change, for a person and for a pipeline.

Not here: the comparison (`clients/changes`).
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from idp.cli.clients.check import WRONG_USE, print_faults, readable, told_faults
from idp.cli.visible import json_text
from idp.clients.changes import Change, Changes, changes
from idp.clients.directions import Direction, Step
from idp.clients.members import SECRET_MEMBERS
from idp.clients.operator_rules import operator_rules
from idp.clients.reading import files_of
from idp.clients.rules import ClientRule
from idp.clients.written import written
from idp.settings import settings_from_environment

_LOOSENED = 4


def plan(options: argparse.Namespace) -> int:
    rules: tuple[ClientRule, ...] = ()
    former, more = options.against, list[Path]()
    if former is None:
        settings = settings_from_environment()
        former, rules = settings.where.clients_file, operator_rules(settings)
        _, *more = files_of(former, settings.where.clients_directory)
    before, after = readable([former, *more], rules), readable([options.file, *more], rules)
    if before is None or after is None:
        return WRONG_USE
    faults = [*told_faults(before, options), *told_faults(after, options)]
    if faults:
        print_faults(faults)
        return 1
    found = changes(before.entries, after.entries)
    if options.json:
        print(json_text(_as_json(found)))
    else:
        print("\n".join(_lines(found)))
    return _LOOSENED if options.refuse_loosening and found.loosens else 0


def _lines(found: Changes) -> Iterator[str]:
    yield from (f"added      {entry.name}  ({entry.at.place})" for entry in found.added)
    yield from (f"removed    {entry.name}" for entry in found.removed)
    for direction, word in _WORDS.items():
        for change in found.changed:
            if _weight(change) is direction:
                yield f"{word:10} {change.client_id}"
                yield from (f"  {step.direction:9} {_line(name, step)}" for name, step in change.steps)
    if not (found.added or found.removed or found.changed):
        yield "nothing changes"


#: In the order of the weight.
_WORDS = {Direction.LOOSENS: "loosened", Direction.TIGHTENS: "tightened", Direction.CHANGES: "changed"}


def _weight(change: Change) -> Direction:
    return next(direction for direction in _WORDS if change.is_some(direction))


def _line(name: str, step: Step) -> str:
    before, after = (json_text(written(value), indent=None) for value in (step.before, step.after))
    if name in SECRET_MEMBERS:
        return f"{name}: another one"
    if isinstance(step.after, tuple) and step.before is None:
        return f"{name}: + {after}"
    return (
        f"{name}: - {before}"
        if isinstance(step.before, tuple) and step.after is None
        else f"{name}: {before} → {after}"
    )


def _as_json(found: Changes) -> dict[str, Any]:
    return {
        "loosens": found.loosens,
        "added": [entry.name for entry in found.added],
        "removed": [entry.name for entry in found.removed],
        "changed": [
            {
                "client_id": change.client_id,
                "is": _WORDS[_weight(change)],
                "members": [
                    {
                        "member": name,
                        "direction": str(step.direction),
                        "before": written(step.before),
                        "after": written(step.after),
                    }
                    for name, step in change.steps
                ],
            }
            for change in found.changed
        ],
    }
