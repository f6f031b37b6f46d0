"""The commands. Exit codes: 0 done, 1 failed, 2 wrong use or settings, 3 already there or nothing to do, 4 somebody
would be allowed more (`clients plan --refuse-loosening`).

Contains their table. Not here: what a command does (a module for each group), how a fault is told (`told`).
"""

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from idp.cli.account_options import add_accounts
from idp.cli.audit_options import add_audit, add_roles, operator_name
from idp.cli.audited import told_in_audit
from idp.cli.card_options import add_card
from idp.cli.charter_options import add_charter
from idp.cli.client_options import add_clients
from idp.cli.conformity_options import add_conformity
from idp.cli.db_options import GROUPS, add_database
from idp.cli.doctor_options import add_doctor
from idp.cli.examples import show_examples
from idp.cli.incident_options import add_incident
from idp.cli.install_options import INSTALL_GROUPS, add_install, add_to_all
from idp.cli.listing import add_json
from idp.cli.notice_options import NOTICE_GROUPS, add_notice
from idp.cli.refusal_options import add_refusals
from idp.cli.shape import CommandParser
from idp.cli.told import tell
from idp.cli.why_options import add_why
from idp.cli.worker_options import WORKER_GROUPS, add_background, add_worker, number_to

if TYPE_CHECKING:
    pass

_GROUPS = {
    **GROUPS,
    **INSTALL_GROUPS,
    "keys": "token signing keys",
    "trust": "the authorities that vouch for cards",
    "charter": "the terms of use",
    "clients": "clients.yaml",
    "accounts": "one person's account",
    **WORKER_GROUPS,
    **NOTICE_GROUPS,
    "card": "a card in the reader of this workstation (for help desks; needs no settings)",
    "psc": "Pro Santé Connect",
    "audit": "who did what, when, from where",
    "incident": "what must end at once",
}

_LAST_PORT = 65535
_MOST_OF_A_NODE = 1024
#: As of a program that the system ends then: 128 and SIGPIPE.
_READER_GONE = 141


def build_parser() -> CommandParser:
    parser = CommandParser(prog="idp", description="Caducée: OpenID Provider for health professionals")
    parser.add_argument(
        "--operator", type=operator_name, metavar="NAME", help="who gives this command, for the audit trail"
    )
    add_to_all(parser)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(path: str, run: str, help_text: str) -> argparse.ArgumentParser:
        group, _, action = path.partition(" ")
        if not action:
            found = commands.add_parser(group, help=help_text, description=help_text)
        else:
            if group not in groups:
                owner = commands.add_parser(group, help=_GROUPS[group])
                groups[group] = owner.add_subparsers(metavar="ACTION", required=True)
            found = groups[group].add_parser(action, help=help_text, description=help_text)
        found.set_defaults(run=run)
        parser.commands[path] = found
        return found

    groups: dict[str, argparse._SubParsersAction[CommandParser]] = {}
    add_install(add)
    add_database(add)
    add_doctor(add)
    _add_keys(add)
    _add_trust(add)
    add_charter(add)
    add_clients(add)
    add("psc check", "psc.check", "compare Pro Santé Connect with its preset, and ask whether it knows us")
    add_accounts(add)
    add_card(add)
    add_audit(add)
    add_roles(add)
    add_incident(add)
    add_notice(add)
    add_refusals(add)
    add_why(add)
    add_conformity(add)
    server = add("serve", "serve.serve", "serve the provider")
    server.set_defaults(needs_settings=False)  # Its first process does without.
    server.add_argument("--host", default="127.0.0.1")
    server.add_argument("--port", type=number_to(_LAST_PORT), default=8400)
    server.add_argument("--workers", type=number_to(_MOST_OF_A_NODE), default=0, help="default: one per core")
    server.add_argument(
        "--threads", type=number_to(_MOST_OF_A_NODE), default=16, help="blocking threads per worker"
    )
    add_background(server)
    card_host = add("card-host", "background.card_host", "serve the card host (TLS, client certificate)")
    card_host.set_defaults(is_command=False)  # Nobody's: it goes on.
    add_worker(add)
    show_examples(parser)
    return parser


def _add_keys(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    add_json(add("keys list", "keys.list_keys", "kid, algorithm, state, since, until"))
    generate = add(
        "keys generate", "keys.generate", "make the first token signing keys, or announce the next ones"
    )
    _add_key_place(generate)
    rotate = add("keys rotate", "keys.rotate", "announce the next key; it signs once caches know it")
    rotate.add_argument("--alg", choices=("RS256", "ES256"), help="default: both")
    rotate.add_argument("--now", action="store_true", help="it signs at once: cached key sets do not know it")
    _add_key_place(rotate)
    retire = add("keys retire", "keys.retire", "let a key that signs no more leave the key set early")
    retire.add_argument("kid", metavar="KID")
    retire.add_argument(
        "--compromised", action="store_true", help="it leaves now, its tokens fail; a successor signs at once"
    )


def _add_key_place(parser: argparse.ArgumentParser) -> None:
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--pkcs11",
        metavar="URI",
        dest="place",
        help="in this token (pkcs11:token=…); for `generate` also a pair that is there (…;object=… or …;id=…)",
    )
    place.add_argument(
        "--in-file",
        action="store_const",
        const="file",
        dest="place",
        help="in a file, even where the present key is in hardware",
    )
    parser.set_defaults(place="same")


def _add_trust(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    files = add(
        "trust add", "trust.add", "install authorities of IGC-Santé, compared with their fingerprints"
    )
    files.add_argument("files", metavar="FILE", type=Path, nargs="+", help="PEM, DER or PKCS#7")
    add_json(
        add("trust list", "trust.list_authorities", "authority, role, how it is pinned, end, fingerprint")
    )
    add("trust check", "trust.check", "validity of the authorities and of the revocation lists")
    add("trust refresh", "trust.refresh", "fetch the revocation lists that are due, as the worker does")


def _run(options: argparse.Namespace) -> int:
    """Returns the exit code. Imports only the module of this command: a small command starts fast, and the process that
    watches over web workers stays small."""
    if options.settings_file is not None:
        import_module("idp.settings").add_to_environment(options.settings_file.values)
    module, _, function = options.run.partition(".")
    command = getattr(import_module(f"idp.cli.{module}"), function)
    if not getattr(options, "needs_settings", True):
        return int(command(options))
    settings = import_module("idp.settings").settings_from_environment()
    if not getattr(options, "is_command", True):
        return int(command(settings, options))
    with told_in_audit(settings, options.operator), import_module("idp.adapters.sql.rights").rights_told():
        return int(command(settings, options))


def main(arguments: Sequence[str] | None = None) -> int:
    # A name may have letters that the terminal's encoding lacks (cp1252 on Windows): they are shown as \u02bc, and the
    # command goes on. The error stream is so already.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    options = build_parser().parse_args(arguments)
    try:
        status = _run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # `| head` has read enough: what is left goes nowhere, and nobody is told of it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _READER_GONE
    except Exception as error:
        told = tell(error)
        if told is None:
            raise
        return told
    return status
