"""Contains what an operator may type after `idp error`. Not here: the command (`refusals`)."""

import argparse
from collections.abc import Callable


def add_refusals(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    error = add("error", "refusals.show", "why a request of a relying party was refused, and what to change")
    error.add_argument("reference", metavar="REFERENCE", help="as the answer or the page shows it")
    error.add_argument("--json", action="store_true")
