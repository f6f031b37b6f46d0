"""`idp db backup` and `idp db restore`, as an operator types them, on SQLite and PostgreSQL."""

import fcntl
import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import sqlalchemy as sa

from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.backups import last_backup
from idp.adapters.sql.charters import SqlCharters
from idp.adapters.sql.database import OPEN_DATABASES, initialise, open_database
from idp.adapters.sql.schema import SCHEMA_REVISION, audit_events, logout_notices
from idp.app import create
from tests.commands import idp
from tests.configured import changed
from tests.documented import commands_of, run
from tests.limits import within
from tests.provider import RP, RPPS, Provider, enrol, write_house
from tests.servers import RunningServer, postgresql_server

LISTENING = {"backchannel_logout_uri": "https://trajectoire.example/back"}
REFRESHING = {"grant_types": "[authorization_code, refresh_token]"}


class House:
    """A provider, and its operator."""

    def __init__(
        self, place: Path, templates: Path, database: str | None, server: RunningServer | None
    ) -> None:
        self.place, self.server, self.databases = place, server, 0
        self.settings = write_house(place, templates)
        if database is not None:
            self.settings = changed(self.settings, database=database)
        initialise(self.settings.where.database)
        opened = open_database(self.settings.where.database)
        self.provider = Provider(create(self.settings), self.settings, opened, enrol(self.settings, opened))
        self.provider.register(RP, **LISTENING, **REFRESHING)
        self.file = self.original = place / "caducee.backup"

    def environment(self, **changes: str) -> dict[str, str]:
        where, keys = self.settings.where, self.settings.keys
        return {
            "DATABASE": where.database,
            "CLIENTS_FILE": str(where.clients_file),
            "KEYS_DIRECTORY": str(keys.directory),
            "APPLICATION_KEY": keys.application,
            "PASSWORD_PEPPER": self.settings.password.pepper,
            "ARGON2_TIME": "1",
            "ARGON2_MEMORY_KIB": "8",
            **changes,
        }

    def backup(self, *options: str) -> None:
        taken = idp("db", "backup", str(self.file), *options, **self.environment())
        assert taken.returncode == 0, taken.stderr
        assert taken.stdout.startswith(f"{self.file}: taken 20")

    def elsewhere(self) -> str:
        """The address of a database that is not there yet, or is empty."""
        self.databases += 1
        if self.server is None:
            return f"sqlite:///{self.place / f'restored-{self.databases}.sqlite'}"
        with psycopg.connect(self.server.url, autocommit=True) as operator:
            operator.execute(f"CREATE DATABASE restored_{self.databases}")
        return urlsplit(self.server.url)._replace(path=f"/restored_{self.databases}").geturl()

    def restore(self, url: str, *options: str, **changes: str) -> "tuple[int, str, str]":
        ended = idp("db", "restore", str(self.file), *options, **self.environment(DATABASE=url, **changes))
        assert "Traceback" not in ended.stderr
        return ended.returncode, ended.stdout, ended.stderr

    def on(self, url: str) -> Provider:
        """The same provider on the restored database."""
        settings = changed(self.settings, database=url)
        return Provider(create(settings), settings, open_database(url), self.provider.account)


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with postgresql_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path: Path, templates: Path) -> Iterator[House]:
    if request.param == "sqlite":
        yield House(tmp_path, templates, None, None)
        return
    server = request.getfixturevalue("server")
    with psycopg.connect(server.url, autocommit=True) as operator:
        operator.execute("DROP DATABASE IF EXISTS caducee WITH (FORCE)")
        operator.execute("CREATE DATABASE caducee")
    yield House(tmp_path, templates, urlsplit(server.url)._replace(path="/caducee").geturl(), server)
    with psycopg.connect(server.url, autocommit=True) as operator:
        for number in range(1, 9):
            operator.execute(f"DROP DATABASE IF EXISTS restored_{number} WITH (FORCE)")
    for used in list(OPEN_DATABASES):
        used.dispose()


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory: pytest.TempPathFactory, templates: Path) -> House:
    house = House(tmp_path_factory.mktemp("house"), templates, None, None)
    house.backup()
    return house


@pytest.fixture
def small(backed_up: House, tmp_path: Path) -> House:
    """On SQLite, with a backup that the test may spoil."""
    backed_up.place, backed_up.file = tmp_path, tmp_path / "caducee.backup"
    shutil.copy(backed_up.original, backed_up.file)
    return backed_up


def test_what_a_backup_revives_is_void(house: House) -> None:
    before = house.provider
    leaving, staying = before.browser(), before.browser()
    tokens = before.exchange(leaving.sign_in()).get_json()
    before.exchange(staying.sign_in())
    code = staying.sign_in()
    house.backup()
    # After the backup: signed out, and a code redeemed.
    assert leaving.submit(leaving.get("/end_session"), "/end_session/confirm").status_code == 200
    assert "/choice" in leaving.authorize().headers["Location"]
    assert before.exchange(code).status_code == 200
    url = house.elsewhere()
    status, told, _ = house.restore(url, "--new-epoch")
    assert status == 0
    assert "1 accounts" in told
    assert "everything that began before is void" in told
    after = house.on(url)
    assert after.userinfo(tokens["access_token"]).status_code == 401
    assert after.exchange(code).get_json()["error"] == "invalid_grant"
    for browser in (leaving, staying):
        browser.house = after
        browser.client.application = after.app
        assert "/choice" in browser.authorize().headers["Location"]
    with after.database.connect() as connection:
        states = connection.execute(sa.select(logout_notices.c.state)).scalars().all()
        events = connection.execute(sa.select(audit_events.c.event)).scalars().all()
    assert states == ["waiting"] * 2
    assert events[-1] == "epoch:begin:accepted"
    # Who signs in anew goes on as before; what is numbered counts on.
    assert after.exchange(after.browser().sign_in()).status_code == 200
    assert SqlCharters(after.database).current().revision == "2026-1"
    assert last_backup(after.database) == last_backup(before.database)


def test_only_a_database_without_rows_takes_a_backup_and_only_with_a_new_epoch(house: House) -> None:
    assert last_backup(house.provider.database) is None
    house.backup()
    taken_at = last_backup(house.provider.database)
    assert taken_at is not None
    assert datetime.now(UTC) - taken_at < timedelta(seconds=within(60))
    require_manifest_of(house)
    status, _, told = house.restore(house.settings.where.database, "--new-epoch")
    assert status == 1
    assert "is in use (" in told
    assert told.endswith("has rows): restore into a new one\n")
    assert SqlAccounts(house.provider.database).find_by_rpps(RPPS) is not None
    url = house.elsewhere()
    status, told, why = house.restore(url)
    assert status == 2
    assert told.startswith("backup of 20")
    assert f"schema {SCHEMA_REVISION}" in told
    assert why.startswith("idp: --new-epoch is missing: what was ended since the backup")
    # One that was made, and never used, is as good as none.
    initialise(url)
    assert house.restore(url, "--new-epoch")[0] == 0


def require_manifest_of(house: House) -> None:
    with zipfile.ZipFile(house.file) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    with house.provider.database.connect() as connection:
        # But the one that tells of the backup itself.
        events = connection.execute(sa.select(sa.func.count()).select_from(audit_events)).scalar_one() - 1
    assert manifest["tables"]["audit_events"] == events
    assert manifest["tables"]["accounts"] == 1
    assert "k" * 43 not in json.dumps(manifest)
    assert {len(found) for found in manifest["secrets"].values()} == {16}


# --- what is refused


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"APPLICATION_KEY": "o" * 43},
            "made under another application key: set APPLICATION_KEY to that of then",
        ),
        ({"PASSWORD_PEPPER": "o" * 43}, "made under another password pepper: "),
    ],
)
def test_a_backup_of_another_key_is_refused(small: House, changes: dict[str, str], line: str) -> None:
    status, _, told = small.restore(small.elsewhere(), "--new-epoch", **changes)
    assert (status, line in told) == (1, True), told


def test_a_backup_of_another_kind_of_database_is_refused(small: House) -> None:
    status, _, told = small.restore("postgresql://caducee@127.0.0.1:1/caducee", "--new-epoch")
    assert status == 1
    assert told == "idp: of sqlite, and DATABASE is postgresql: restore it where it came from\n"


def rewritten(file: Path, change: Callable[[str, bytes], bytes | None]) -> None:
    """The archive with other members."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w") as archive:
        for name, octets in members.items():
            told = change(name, octets)
            if told is not None:
                archive.writestr(name, told)


BAD: dict[str, tuple[Callable[[str, bytes], bytes | None], str]] = {
    "a row changed": (
        lambda name, octets: octets[:-1] + b"?" if name == "database.sqlite" else octets,
        "database.sqlite is not what was written",
    ),
    "the database missing": (
        lambda name, octets: None if name == "database.sqlite" else octets,
        "database.sqlite: no backup of ours, or not whole",
    ),
    "a manifest of a stranger": (
        lambda name, octets: octets.replace(b'"accounts": 1', b'"accounts": 2'),
        "its manifest was changed since it was written",
    ),
    "a manifest of another program": (
        lambda name, octets: b"[]" if name == "manifest.json" else octets,
        "no backup of ours, or not whole",
    ),
    "no seal": (
        lambda name, octets: None if name == "manifest.seal" else octets,
        "no backup of ours, or not whole",
    ),
}


@pytest.mark.parametrize(("change", "line"), BAD.values(), ids=BAD)
def test_a_backup_that_is_not_what_was_written_is_refused(
    small: House, change: Callable[[str, bytes], bytes | None], line: str
) -> None:
    rewritten(small.file, change)
    url = small.elsewhere()
    status, _, told = small.restore(url, "--new-epoch")
    assert (status, line in told) == (1, True), told
    assert not Path(url.removeprefix("sqlite:///")).exists()


@pytest.mark.parametrize("octets", [b"", b"PK\x03\x04 and no more", b"x" * 5000])
def test_a_file_that_is_no_backup_is_refused(small: House, octets: bytes) -> None:
    small.file.write_bytes(octets)
    status, _, told = small.restore(small.elsewhere(), "--new-epoch")
    assert (status, told) == (1, "idp: caducee.backup: no backup of ours, or not whole\n")


def test_a_backup_that_was_cut_short_is_refused(small: House) -> None:
    whole = small.file.read_bytes()
    small.file.write_bytes(whole[: len(whole) // 2])
    assert small.restore(small.elsewhere(), "--new-epoch")[0] == 1


def test_a_backup_takes_the_place_of_no_file(small: House) -> None:
    before = small.file.read_bytes()
    again = idp("db", "backup", str(small.file), **small.environment())
    assert again.returncode == 1
    assert f"{small.file}: file exists" in again.stderr
    assert small.file.read_bytes() == before
    assert [path.name for path in small.place.iterdir() if path.name.startswith(".")] == []
    absent = idp("db", "backup", str(small.place / "nowhere" / "file"), **small.environment())
    assert (absent.returncode, "no such file or directory" in absent.stderr) == (1, True)


def test_a_backup_is_for_its_owner_alone(small: House) -> None:
    assert small.file.stat().st_mode & 0o777 == 0o600


def test_a_backup_of_a_newer_schema_is_left_to_the_newer_version(small: House) -> None:
    file = small.place / "newer.sqlite"
    shutil.copy(small.settings.where.database.removeprefix("sqlite:///"), file)
    with closing(sqlite3.connect(file, isolation_level=None)) as operator:
        operator.execute("UPDATE alembic_version SET version_num = '9999'")
    newer = idp(
        "db", "backup", str(small.place / "second"), **small.environment(DATABASE=f"sqlite:///{file}")
    )
    assert newer.returncode == 1
    assert "schema 9999 is newer than this code: take the backup with the newer version" in newer.stderr


# --- keys


def test_private_keys_are_in_a_backup_only_when_asked_for_and_sealed(small: House) -> None:
    directory = small.settings.keys.directory
    private = [line for path in directory.glob("sign-*.pem") for line in path.read_text().splitlines()[1:3]]
    assert private
    with_keys = small.place / "with-keys"
    taken = idp("db", "backup", str(with_keys), "--with-keys", **small.environment())
    assert taken.returncode == 0
    for file in (small.file, with_keys):
        with zipfile.ZipFile(file) as archive:
            octets = b"".join(archive.read(name) for name in archive.namelist())
            assert any(name.startswith("keys/") for name in archive.namelist()) is (file == with_keys)
        assert not any(line.encode() in octets for line in private)
    kept = small.place / "kept-keys"
    shutil.move(directory, kept)
    small.file = with_keys
    # Without the option they are missed, and said to be.
    status, _, told = small.restore(small.elsewhere(), "--new-epoch")
    assert (status, told.count("is not here: what it signed fails until it is")) == (1, 2)
    status, said, _ = small.restore(small.elsewhere(), "--new-epoch", "--with-keys")
    assert (status, f"3 files of keys restored to {directory}" in said) == (0, True)
    assert {path.name: path.read_text() for path in directory.glob("[!.]*") if path.suffix != ".lock"} == {
        path.name: path.read_text() for path in kept.iterdir() if path.suffix != ".lock"
    }
    status, _, told = small.restore(small.elsewhere(), "--new-epoch", "--with-keys")
    assert (status, "holds keys already" in told) == (1, True)


def test_a_backup_without_keys_cannot_give_any(small: House) -> None:
    status, _, told = small.restore(small.elsewhere(), "--new-epoch", "--with-keys")
    assert (status, "taken without --with-keys" in told) == (1, True)


def test_the_commands_of_the_page_do_what_it_says(tmp_path: Path, templates: Path) -> None:
    house = House(tmp_path, templates, None, None)
    house.provider.exchange(house.provider.browser().sign_in())
    (tmp_path / "backups").mkdir()
    restored = tmp_path / "restored.sqlite"
    named = {"$BACKUPS": str(tmp_path / "backups"), "$RESTORED": f"sqlite:///{restored}"}
    said = ""
    for line, status in commands_of("docs/backup.md"):
        ended = run(line, tmp_path, house.environment() | named)
        assert ended.returncode == status, (line, ended)
        said += ended.stdout + ended.stderr
    assert sorted(path.name for path in (tmp_path / "backups").iterdir()) == [
        "caducee.backup",
        "with-keys.backup",
    ]
    assert "--new-epoch is missing" in said
    # Of the restored database and, by `idp epoch new`, of this one.
    assert said.count("ended: 1 sessions, 1 grants") == 2
    assert said.count(f"sqlite, schema {SCHEMA_REVISION}, ") == 2
    assert restored.exists()


def test_of_two_backups_at_once_one_is_told_and_what_a_killed_one_left_is_in_nobodys_way(
    small: House,
) -> None:
    left = Path(small.settings.where.database.removeprefix("sqlite:///")).with_name(".caducee.sqlite.copy")
    left.write_bytes(b"half a copy")
    again = small.place / "again"
    with left.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        refused = idp("db", "backup", str(again), **small.environment())
    assert (refused.returncode, "another operator is at it" in refused.stderr) == (1, True)
    assert not again.exists()
    taken = idp("db", "backup", str(again), **small.environment())
    assert (taken.returncode, left.exists(), again.exists()) == (0, False, True)
