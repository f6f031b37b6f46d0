"""Contains how `idp conformity` is written on the command line. Not here: what it does."""

import argparse
from collections.abc import Callable

from idp.cli.times import typed_day


def add_conformity(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    told = add(
        "conformity",
        "conformity.command.conformity",
        "each rule on identification, and whether the settings in force keep it; status 1 when an open door breaks one",
    )
    told.add_argument(
        "--on", type=typed_day, metavar="DAY", help="the rules in force on that day (UTC); default: today"
    )
    told.add_argument("--lang", choices=("fr", "en"), default="fr", help="of the document; default: fr")
    told.add_argument("--json", action="store_true", help="as JSON, in both languages")
