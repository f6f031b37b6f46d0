"""A command that is started from nothing says what the tests of this room hear of one that was forked (`commands`).

A start costs a second of a processor: each module is tried in a process that was forked and has nothing of ours loaded
(`tests/afresh.py`), a few from an interpreter.
"""

import re
import subprocess
from pathlib import Path

import pytest

import idp.cli as rooms
from idp.cli.main import build_parser
from tests.commands import ROOT, Started, command_line, environment, idp
from tests.limits import within
from tests.made_once import place_database

PARSED = build_parser().commands
#: One of each module, mostly at a fault that it tells without asking anybody: its imports are what a start could lack.
COMMANDS = {
    "accounts.activation": "accounts activate 10000000025 --checked seen",
    "accounts.email": "accounts set-email 10000000025 a@b.example --checked seen",
    "accounts.ended": "accounts sign-out 10000000025",
    "accounts.export": "accounts export 10000000025 --stdout",
    "accounts.opening": "accounts unlock 10000000025",
    "accounts.seen": "accounts show 10000000025",
    "audit.trail": "audit seals",
    "audit.verify": "audit verify",
    "card.command": "card list --module /nowhere.so",
    "charter.listing": "charter list",
    "charter.preview": "charter preview",
    "charter.publishing": "charter publish --revision 1 --fr /nowhere.md",
    "clients.check": "clients check",
    "clients.listing": "clients list",
    "clients.plan": "clients plan /nowhere.yaml",
    "clients.secrets": "clients secret --given",
    "conformity.command": "conformity",
    "db.backups": "db restore /nowhere",
    "db.database": "db check",
    "db.epoch": "epoch new",
    "db.roles": "db roles",
    "doctor.command": "doctor",
    "explain.claims": "explain --as 10000000025 --client nobody",
    "explain.command": "explain nothing",
    "explain.refusals": "error 0a1b2c3d",
    "incident.command": "incident end",
    "install.init": "init /nowhere --issuer id.example",
    "install.settings": "settings show",
    "keys.command": "keys list",
    "manual": "man",
    "notice.command": "notice show",
    "psc.command": "psc check",
    "serve.command": "serve",
    "trust.command": "trust check",
    "why.command": "why 10000000025",
    "worker.background": "worker",
    "worker.logouts": "logouts list",
    "worker.mail": "mail check",
    "worker.mails": "mails list",
}
#: Nouns that stand in the room of another.
ELSEWHERE = {
    **dict.fromkeys(("init", "settings"), "install"),
    **dict.fromkeys(("card-host", "mail", "mails", "logouts"), "worker"),
    **dict.fromkeys(("man", "completion"), "manual"),
    **dict.fromkeys(("epoch", "migrate"), "db"),
    "error": "explain",
}


def module_of(path: str) -> str:
    """Where the command is that is typed so, within `idp.cli`."""
    return str(PARSED[path].get_default("run")).rpartition(".")[0]


def test_each_module_has_its_command() -> None:
    # `explain` of a request is in a module of its own, behind that of claims.
    assert set(COMMANDS) == {module_of(path) for path in PARSED} | {"explain.command"}


def test_a_command_is_in_the_room_of_its_noun() -> None:
    """`idp accounts …` is in idp/cli/accounts, and the doorplate names each noun that is elsewhere."""
    told = set(re.findall(r"`[^`]+`", str(rooms.__doc__)))
    for path in PARSED:
        noun = path.split()[0]
        room = ELSEWHERE.get(noun, noun)
        assert module_of(path).split(".")[0] == room, path
        assert noun == room or {f"`{noun}`", f"`{room}`"} <= told


def undated(said: str) -> str:
    """Without the minute: the next one may begin between two starts."""
    return re.sub(r"[0-9]{1,2}\sh\s[0-9]{2}", "", said)


#: From an interpreter that was started for it: the process that watches, one that goes on, a lean one, one of most.
STARTED = ("serve.command", "worker.background", "manual", "accounts.seen")


def told(place: Path) -> dict[str, str]:
    return {
        "DATABASE": place_database(place / "db.sqlite"),
        "CLIENTS_FILE": str(place / "clients.yaml"),
        "KEYS_DIRECTORY": str(place / "keys"),
        "CARD_TRUST_DIRECTORY": str(place / "trust"),
        "SMTP_PORT": "9",
    }


@pytest.mark.parametrize("module", COMMANDS)
def test_a_command_that_loads_all_that_it_needs_itself_says_the_same(tmp_path: Path, module: str) -> None:
    words, settings = COMMANDS[module].split(), told(tmp_path)
    afresh = Started(words, environment(**settings), "tests.afresh")
    afresh.wait(within(60))
    forked = idp(*words, **settings)
    assert (afresh.returncode, undated(afresh.stdout), afresh.stderr) == (
        forked.returncode,
        undated(forked.stdout),
        forked.stderr,
    )
    assert "Traceback" not in afresh.stderr


@pytest.mark.parametrize("module", STARTED)
def test_a_start_from_nothing_says_the_same(tmp_path: Path, module: str) -> None:
    words, settings = COMMANDS[module].split(), told(tmp_path)
    started = subprocess.run(
        command_line(*words),
        cwd=ROOT,
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=within(60),
        check=False,
        start_new_session=True,  # as the other: without a terminal
    )
    forked = idp(*words, **settings)
    assert (started.returncode, undated(started.stdout), started.stderr) == (
        forked.returncode,
        undated(forked.stdout),
        forked.stderr,
    )
    assert "Traceback" not in started.stderr
