"""Every command that the parser knows, against a database that cannot serve: one clear line, never a traceback."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from idp.adapters.sql.schema import SCHEMA_REVISION
from idp.cli.main import build_parser, main
from tests.cli.db.test_database import corrupt, foreign, missing, newer, set_revision
from tests.cli.test_bad_files import furnish, settings_of
from tests.commands import idp, set_environment

COMMANDS = build_parser().commands

#: What an operator types for an argument that must be there, by its name; `{place}`: a directory of the test.
TYPED = {
    "address": "someone@hopital.example",
    "checked": "identity card, seen",
    "client": "nobody",
    "file": "{place}/file",
    "files": "{place}/file",
    "fr": "{place}/charter.md",
    "kid": "none",
    "motive": "asked for by letter",
    "person": "10000000025",
    "place": "{place}/new",
    "reference": "0a1b2c3d",
    "revision": "9",
    "rpps": "10000000025",
    "shell": "bash",
    "what": "DUPONT",
    "whom": "10000000025",
}
#: Options that a command does not ask for by itself, but without which it only says so.
BESIDE = {
    "explain": ["--as", "10000000025", "--client", "nobody"],
    "accounts export": ["--stdout"],
    "incident end": ["--client", "nobody"],
    "mails retry": ["--all"],
    "mails drop": ["--all"],
    "init": ["--issuer", "https://id.example", "--card-host", "https://carte.id.example"],
}
#: They set up logs and signals of their whole process: each in one of its own.
LONG = ("serve", "worker", "card-host")
#: They say the same whatever the database is. `init` makes one of its own.
WITHOUT_DATABASE = {
    *("completion", "man"),
    *("init", "settings show", "db roles", "card list", "card show", "card test", "mail check", "mail test"),
    *("clients list", "clients show", "clients check", "clients schema", "clients plan", "clients secret"),
    *("keys list", "trust list", "trust check"),
    # It tells each as one finding of all.
    *("doctor", "conformity", "psc check"),
    # Their file comes first: there is none, or it is there already.
    *("db restore", "trust add"),
}
#: It makes the database where there is none, and brings an older one up to date, as `db upgrade` does.
MAKES = {"db init": {"missing", "older"}, "db upgrade": {"older"}, "migrate": {"older"}}
#: Of a stream of lines no line says that there is none, as of grep.
SILENT = {"audit tail", "audit search", "audit seals"}
#: It asks the readers of this workstation; here is none.
NO_JSON = {"card list"}


def typed(command: str, place: Path) -> list[str]:
    """The command with what it must be given."""
    words = command.split()
    for action in COMMANDS[command]._actions:
        if action.option_strings and not action.required:
            continue
        if action.nargs in ("?", "*") and action.dest not in ("place",):
            continue
        assert action.dest in TYPED, f"say in TYPED what an operator types for {action.dest} of `{command}`"
        words += [*action.option_strings[:1], TYPED[action.dest].format(place=place)]
    yes = [option for option in ("--yes",) if option in COMMANDS[command].format_help()]
    return [*words, *BESIDE.get(command, ()), *yes]


def older(file: Path) -> str:
    set_revision(file, "0027", "0018")
    return f"has schema 0027, this code needs {SCHEMA_REVISION}: run `idp db upgrade`"


STATES: dict[str, Callable[[Path], str]] = {
    state.__name__: state for state in (missing, foreign, corrupt, older, newer)
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    furnish(tmp_path)
    (tmp_path / "charter.md").write_text("# Charte\n\n" + "Les règles de cette maison. " * 50)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def nobody_at_the_keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with open(os.devnull) as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        yield


def told(
    command: str, place: Path, capfd: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch, **settings: str
) -> tuple[int, str, str]:
    if command in LONG:
        ended = idp(command, **(settings_of(place) | settings))
        return ended.returncode, ended.stdout, ended.stderr
    set_environment(patch, **(settings_of(place) | settings))
    capfd.readouterr()
    try:
        status = main(typed(command, place))
    except SystemExit as ended:  # as a process would: `argparse`
        status = int(ended.code or 0)
    said = capfd.readouterr()
    return status, said.out, said.err


@pytest.mark.parametrize("state", STATES)
def test_every_command_tells_in_a_line_why_the_database_cannot_serve(
    state: str, place: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = (place / "db.sqlite").read_bytes()
    # `test_database` starts those that go on.
    for command in sorted(COMMANDS.keys() - WITHOUT_DATABASE - set(LONG)):
        for journal in place.glob("db.sqlite-*"):
            journal.unlink()
        (place / "db.sqlite").write_bytes(whole)
        line = STATES[state](place / "db.sqlite")
        if state in MAKES.get(command, ()):
            continue
        status, _out, err = told(command, place, capfd, monkeypatch, SMTP_PORT="9")
        lines = err.splitlines()
        assert (status, [one for one in lines if one.endswith(line)]) == (1, lines[-1:]), (command, err)
        assert "".join(lines[-1:]).startswith("idp: "), (command, err)
        assert "Traceback" not in err


def test_every_command_tells_in_a_line_that_the_database_is_down(
    place: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in sorted(COMMANDS.keys() - WITHOUT_DATABASE):
        status, _out, err = told(
            command, place, capfd, monkeypatch, DATABASE="postgresql://u:hunter2@127.0.0.1:9/caducee"
        )
        *_, last = err.splitlines()
        assert status == 1, (command, err)
        assert "postgresql+psycopg://u:***@127.0.0.1:9/caducee does not answer" in last, (command, err)
        assert "Traceback" not in err
        assert "hunter2" not in err


def test_the_others_do_not_mind(
    place: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    corrupt(place / "db.sqlite")
    said = {}
    for command in sorted(COMMANDS.keys() & WITHOUT_DATABASE):
        status, out, err = told(command, place, capfd, monkeypatch, SMTP_PORT="9")
        assert status in (0, 1, 2, 3), command
        assert out or err.startswith("idp: "), command
        assert "Traceback" not in err
        assert "SQLite" not in err
        said[command] = status
    assert said.keys() == WITHOUT_DATABASE


def test_every_command_says_what_it_did(
    place: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in sorted(COMMANDS.keys() - set(LONG) - SILENT):
        status, out, err = told(command, place, capfd, monkeypatch, SMTP_PORT="9")
        assert out or err, (command, status)


def test_every_listing_is_also_for_programs(
    place: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    listings = {command for command in COMMANDS if command.partition(" ")[2] in ("list", "tail", "search")}
    for command in sorted(listings - NO_JSON | {"db check", "settings show"}):
        monkeypatch.setitem(BESIDE, command, ["--json"])
        status, out, err = told(command, place, capfd, monkeypatch)
        assert status in (0, 1), (command, err)  # 1: it found nothing
        assert not out or json.loads(out.splitlines()[0] if command.startswith("audit") else out) is not None
