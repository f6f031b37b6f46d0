"""Contains what an operator may type after `idp error` and `idp explain`. Not here: the commands."""

import argparse
from collections.abc import Callable


def add_refusals(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    error = add("error", "refusals.show", "why a request of a relying party was refused, and what to change")
    error.add_argument("reference", metavar="REFERENCE", help="as the answer or the page shows it")
    error.add_argument("--json", action="store_true", help="as JSON")
    explain = add(
        "explain",
        "explain.explain",
        "which rules a request keeps to, which one refuses it, and what to change (needs no secret, shows none)",
    )
    explain.add_argument(
        "what",
        metavar="REQUEST",
        help="an address of /authorize, a curl line or JSON of a token request, a reference; - reads it from stdin",
    )
