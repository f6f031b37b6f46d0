"""Contains `idp settings show`, also of settings that no command starts with. Not here: what is in force
(`settings/in_force`)."""

import argparse
import dataclasses
import sys

from idp.cli.visible import json_text
from idp.settings import present_environment, settings_in_force

_FAULT = "FAULT"


def show(options: argparse.Namespace) -> int:
    """Returns 2 when a setting has a fault."""
    rows = list(settings_in_force(present_environment(), options.settings_file))
    faulty = [row for row in rows if row.fault]
    if options.changed:
        rows = [row for row in rows if row.is_changed or row.fault]
    if options.json:
        print(json_text([dataclasses.asdict(row) for row in rows]))
    else:
        for row in rows:
            told = f"{_FAULT} {row.fault}" if row.fault else row.value
            print(f"{row.name}={told}  # {row.origin}")
    if faulty:
        print(f"idp: {len(faulty)} with a fault: no command starts with these settings", file=sys.stderr)
    return 2 if faulty else 0
