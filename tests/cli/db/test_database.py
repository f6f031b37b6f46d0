"""What an operator reads of a database that cannot serve, at every command that opens it; and `idp db`."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from idp.adapters.sql.schema import SCHEMA_REVISION
from tests.cli.test_bad_files import furnish, settings_of
from tests.commands import idp

#: Each command that opens the database, with what it needs besides.
COMMANDS = (
    "db check",
    "db upgrade",
    "migrate",
    "epoch new",
    "serve",
    "worker",
    "card-host",
    "accounts show 10000000025",
    "accounts disable 10000000025",
    "logouts list",
    "trust check",
    "charter publish --revision 1 --fr charter.md",
)


def missing(file: Path) -> str:
    file.unlink()
    return "no such database; run `idp db init` to create it"


def empty(file: Path) -> str:
    file.write_bytes(b"")
    return "holds no tables yet: run `idp db init`"


def foreign(file: Path) -> str:
    file.unlink()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("CREATE TABLE invoices (id INTEGER)")
    return "holds tables of something else (invoices): give Caducée one of its own"


def corrupt(file: Path) -> str:
    file.write_bytes(b"\x00\x01" * 5000)
    return "is no SQLite database: look at CADUCEE_DATABASE, or restore a backup (docs/backup.md)"


def older(file: Path) -> str:
    set_revision(file, "0018")
    return f"has schema 0018, this code needs {SCHEMA_REVISION}: run `idp db upgrade`"


def newer(file: Path) -> str:
    set_revision(file, "9999", "9999")
    return f"has schema 9999, newer than this code ({SCHEMA_REVISION}): install the newer version"


def set_revision(file: Path, revision: str, oldest_code: str = "0018") -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as operator:
        operator.execute("UPDATE alembic_version SET version_num = ?", [revision])
        operator.execute("UPDATE schema_support SET oldest_code = ?", [oldest_code])


def require_line(place: Path, command: str, line: str) -> None:
    words = command.replace("charter.md", str(place / "charter.md")).split()
    ended = idp(*words, **settings_of(place))
    told = ended.stderr.splitlines()
    assert ended.returncode == 1, (command, ended)
    assert [one for one in told if one.endswith(line)] == told[-1:], (command, told)
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("state", [missing, empty, foreign, corrupt, older, newer])
def test_each_state_of_a_database_has_its_line(tmp_path: Path, state: Callable[[Path], str]) -> None:
    furnish(tmp_path)
    line = state(tmp_path / "db.sqlite")
    for command in ("db check", "serve"):
        require_line(tmp_path, command, line)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_tells_it(tmp_path: Path, command: str) -> None:
    furnish(tmp_path)
    (tmp_path / "charter.md").write_text("# Charte")
    require_line(tmp_path, command, corrupt(tmp_path / "db.sqlite"))


@pytest.mark.parametrize(("init", "upgrade"), [("db init", "db upgrade"), ("init", "migrate")])
def test_a_database_is_made_checked_and_upgraded(tmp_path: Path, init: str, upgrade: str) -> None:
    settings = settings_of(tmp_path)
    assert idp(*init.split(), **settings).returncode == 0
    upgraded = idp(*upgrade.split(), **settings)
    assert (upgraded.returncode, upgraded.stdout) == (0, f"schema {SCHEMA_REVISION}: nothing to do\n")
    checked = idp("db", "check", **settings)
    assert checked.returncode == 0
    assert checked.stdout.startswith(f"sqlite, schema {SCHEMA_REVISION}, ")
    set_revision(tmp_path / "db.sqlite", "9999")
    assert idp(*upgrade.split(), **settings).stdout == (
        f"schema 9999: newer than this code ({SCHEMA_REVISION}), which may work on it\n"
    )


def test_a_check_that_finds_a_fault_says_so_and_fails(tmp_path: Path) -> None:
    furnish(tmp_path)
    with closing(sqlite3.connect(tmp_path / "db.sqlite", isolation_level=None)) as careless:
        careless.execute("INSERT INTO passkey_offers VALUES ('nobody', 1)")
    checked = idp("db", "check", **settings_of(tmp_path))
    assert checked.returncode == 1
    assert checked.stdout.splitlines()[0].startswith("FAULT passkey_offers: row ")
    assert checked.stdout.endswith("restore a backup: docs/backup.md\n")


def test_a_new_epoch_says_what_ended_and_what_relying_parties_were_not_told(tmp_path: Path) -> None:
    furnish(tmp_path)
    begun = idp("epoch", "new", **settings_of(tmp_path))
    assert begun.returncode == 0
    assert "ended: 0 sessions, 0 grants, 0 links in mails, 0 records; 0 notices" in begun.stdout
    (tmp_path / "clients.yaml").write_text("clients: {")
    untold = idp("epoch", "new", **settings_of(tmp_path))
    assert untold.returncode == 1
    assert untold.stderr.startswith("idp: relying parties are not told: ")
    assert "everything that began before is void" in untold.stdout
