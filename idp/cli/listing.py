"""Contains how a listing is shown: aligned for people, or as JSON for programs. Not here: what is listed."""

import argparse
import re
from collections.abc import Iterable, Sequence
from typing import Any

from idp.cli.visible import json_text

#: What people read where nothing is; null in JSON.
NOTHING = "-"


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON")


def show_rows(names: Sequence[str], rows: Iterable[Sequence[Any]], form: str, *, as_json: bool) -> None:
    """Print them. `names`: of the columns, and in small letters of the members; `form`: of a line."""
    if as_json:
        members = ["_".join(re.findall("[a-z0-9]+", name.lower())) for name in names]
        told = [
            {member: None if value == NOTHING else value for member, value in zip(members, row, strict=True)}
            for row in rows
        ]
        print(json_text(told))
        return
    print(form.format(*names))
    for row in rows:
        print(form.format(*row))
