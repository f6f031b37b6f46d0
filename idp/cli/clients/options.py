"""Contains how `idp clients …` is written on the command line. Not here: what it does."""

import argparse
from collections.abc import Callable
from pathlib import Path

Add = Callable[[str, str, str], argparse.ArgumentParser]


def add_clients(add: Add) -> None:
    _json(
        add(
            "clients list",
            "clients.listing.list_clients",
            "the relying parties: who, how proved, where in the files",
        )
    )
    show = add(
        "clients show", "clients.listing.show", "what is in force for one, with its defaults, without secrets"
    )
    show.add_argument("client", metavar="CLIENT", help="its client_id")
    _json(show)
    _add_check(add)
    schema = add("clients schema", "clients.check.schema", "the JSON Schema of clients.yaml, for editors")
    schema.set_defaults(needs_settings=False)
    _add_plan(add)
    _add_secret(add)


def _add_check(add: Add) -> None:
    check = add("clients check", "clients.check.check", "tell every fault of clients.yaml")
    check.set_defaults(needs_settings=False)
    check.add_argument(
        "files",
        metavar="FILE",
        type=Path,
        nargs="*",
        help="needs no settings, as in a pipeline of Git; default: the files that the settings name, and their rules",
    )
    _no_secrets(check)
    _json(check)


def _add_plan(add: Add) -> None:
    plan = add(
        "clients plan", "clients.plan.plan", "what a changed file would change: who gets more, who less"
    )
    plan.set_defaults(needs_settings=False)
    plan.add_argument("file", metavar="FILE", type=Path)
    plan.add_argument(
        "--against",
        metavar="FILE",
        type=Path,
        help="the former file; needs no settings then. Default: the file that the settings name",
    )
    plan.add_argument(
        "--refuse-loosening",
        action="store_true",
        help="status 4 when a client is added, or any is allowed more than before",
    )
    _no_secrets(plan)
    _json(plan)


def _add_secret(add: Add) -> None:
    secret = add(
        "clients secret",
        "clients.secrets.secret",
        "make a secret and its digest, shown once (needs no settings)",
    )
    secret.set_defaults(needs_settings=False)
    secret.add_argument(
        "--given",
        action="store_true",
        help="the digest of a secret that the relying party chose: asked for, not shown",
    )
    secret.add_argument(
        "--file", type=Path, help="put it there (mode 0600; never over a file that is there), do not show it"
    )


def _no_secrets(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--no-secrets",
        action="store_true",
        help="do not mind secrets that {file: …} and {env: …} name and that are not here",
    )


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON")
