"""Contains what an operator may type after `idp error` and `idp explain`. Not here: the commands."""

import argparse
from collections.abc import Callable

from idp.cli.incident.options import DOORS


def add_refusals(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    error = add(
        "error", "explain.refusals.show", "why a request of a relying party was refused, and what to change"
    )
    error.add_argument("reference", metavar="REFERENCE", help="as the answer or the page shows it")
    error.add_argument("--json", action="store_true", help="as JSON")
    explain = add(
        "explain",
        "explain.claims.explain",
        "which rules a request keeps to, which one refuses it, and what to change; or, with --as, which claims of a "
        "person a client receives (needs no secret, shows none)",
    )
    explain.add_argument(
        "what",
        metavar="REQUEST",
        nargs="?",
        help="an address of /authorize, a curl line or JSON of a token request, a reference; - reads it from stdin",
    )
    claims = explain.add_argument_group("the claims of a person, and what withholds the others (audited)")
    claims.add_argument("--as", dest="rpps", metavar="RPPS", help="of the person")
    claims.add_argument("--client", metavar="CLIENT", help="client_id of the relying party")
    claims.add_argument(
        "--door", choices=DOORS, help="of the sign-in; default: the best that this person has"
    )
    claims.add_argument("--values", action="store_true", help="show what the claims say: personal data")
    claims.add_argument("--json", action="store_true", help="as JSON")
