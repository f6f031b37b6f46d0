"""The commands. Exit codes: 0 done, 1 failed, 2 wrong use or settings, 3 already there or nothing to do, 4 somebody
would be allowed more (`clients plan --refuse-loosening`).

Contains their table. Not here: what may be typed after each and what it does (the room of its noun), how a fault is
told (`told`).
"""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from idp.cli.accounts.options import add_accounts
from idp.cli.audit.options import add_audit, add_roles, operator_name
from idp.cli.audited import told_in_audit
from idp.cli.card.options import add_card
from idp.cli.charter.options import add_charter
from idp.cli.clients.options import add_clients
from idp.cli.conformity.options import add_conformity
from idp.cli.db.options import GROUPS, add_database
from idp.cli.doctor.options import add_doctor
from idp.cli.examples import show_examples
from idp.cli.explain.options import add_refusals
from idp.cli.incident.options import add_incident
from idp.cli.install.options import INSTALL_GROUPS, add_install, add_to_all
from idp.cli.keys.options import add_keys
from idp.cli.notice.options import NOTICE_GROUPS, add_notice
from idp.cli.psc.options import add_psc
from idp.cli.serve.options import add_serve
from idp.cli.shape import CommandParser
from idp.cli.told import tell
from idp.cli.trust.options import add_trust
from idp.cli.visible import screens
from idp.cli.why.options import add_why
from idp.cli.worker.options import WORKER_GROUPS, add_worker

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
    add_keys(add)
    add_trust(add)
    add_charter(add)
    add_clients(add)
    add_psc(add)
    add_accounts(add)
    add_card(add)
    add_audit(add)
    add_roles(add)
    add_incident(add)
    add_notice(add)
    add_refusals(add)
    add_why(add)
    add_conformity(add)
    add_serve(add)
    add_worker(add)
    show_examples(parser)
    return parser


def _run(options: argparse.Namespace) -> int:
    """Returns the exit code. Imports only the module of this command: a small command starts fast, and the process that
    watches over web workers stays small."""
    if options.settings_file is not None:
        import_module("idp.settings").add_to_environment(options.settings_file.values)
    module, _, function = options.run.rpartition(".")
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
    with screens():
        return _main(arguments)


def _main(arguments: Sequence[str] | None) -> int:
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
