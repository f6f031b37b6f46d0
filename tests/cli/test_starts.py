"""A command that is started from nothing says what the tests of this room hear of one that was forked (`commands`)."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.commands import ROOT, command_line, environment, idp
from tests.limits import within
from tests.made_once import place_database

#: One of each module, mostly at a fault that it tells without asking anybody: its imports are what a start could lack.
COMMANDS = {
    "db_roles": "db roles",
    "audit_verify": "audit verify",
    "audit": "audit seals",
    "accounts": "accounts unlock 10000000025",
    "accounts_seen": "accounts show 10000000025",
    "accounts_export": "accounts export 10000000025 --stdout",
    "accounts_email": "accounts set-email 10000000025 a@b.example --checked seen",
    "accounts_ended": "accounts sign-out 10000000025",
    "background": "worker",
    "backups": "db restore /nowhere",
    "card": "card list --module /nowhere.so",
    "charter": "charter publish --revision 1 --fr /nowhere.md",
    "charter_listing": "charter list",
    "charter_preview": "charter preview",
    "client_secrets": "clients secret --given",
    "database": "db check",
    "doctor": "doctor",
    "epoch": "epoch new",
    "incident": "incident end",
    "init": "init /nowhere --issuer id.example",
    "keys": "keys list",
    "logouts": "logouts list",
    "mail": "mail check",
    "mails": "mails list",
    "clients": "clients list",
    "clients_check": "clients check",
    "clients_plan": "clients plan /nowhere.yaml",
    "manual": "man",
    "notice": "notice show",
    "psc": "psc check",
    "conformity": "conformity",
    "explain": "explain nothing",
    "explain_claims": "explain --as 10000000025 --client nobody",
    "refusals": "error 0a1b2c3d",
    "serve": "serve",
    "settings": "settings show",
    "trust": "trust check",
    "why": "why 10000000025",
}


def test_each_module_has_its_command() -> None:
    parts = {
        *("__init__", "__main__", "main", "told", "served", "pasted", "let_in", "withheld"),
        *("card_options", "client_options", "db_options", "doctor_options"),
        *("conformity_options", "incident_options", "notice_options", "refusal_options"),
        *("audited", "audit_options", "activation", "activation_options", "account_options", "account_words"),
        *("whom", "asking", "new_file"),
        *("install_options", "shape", "examples", "listing"),
        *("audit_findings", "audit_proof"),
        *("charter_file", "charter_options"),
        *("embedded", "lanes", "pulse", "purging", "work", "worker_options", "why_options"),
    }
    assert set(COMMANDS) == {path.stem for path in (ROOT / "idp" / "cli").glob("*.py")} - parts


def undated(said: str) -> str:
    """Without the minute: the next one may begin between two starts."""
    return re.sub(r"[0-9]{1,2}\sh\s[0-9]{2}", "", said)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_start_from_nothing_says_the_same(tmp_path: Path, command: str) -> None:
    settings = {
        "DATABASE": place_database(tmp_path / "db.sqlite"),
        "CLIENTS_FILE": str(tmp_path / "clients.yaml"),
        "KEYS_DIRECTORY": str(tmp_path / "keys"),
        "CARD_TRUST_DIRECTORY": str(tmp_path / "trust"),
        "SMTP_PORT": "9",
    }
    started = subprocess.run(
        command_line(*command.split()),
        cwd=ROOT,
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=within(60),
        check=False,
        start_new_session=True,  # as the other: without a terminal
    )
    forked = idp(*command.split(), **settings)
    assert (started.returncode, undated(started.stdout), started.stderr) == (
        forked.returncode,
        undated(forked.stdout),
        forked.stderr,
    )
    assert "Traceback" not in started.stderr
