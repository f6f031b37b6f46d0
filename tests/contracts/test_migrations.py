"""Opening, creating and upgrading the database: what the operator is told, and what is really in force."""

import os
import re
import sqlite3
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from idp.accounts.account import AccountId
from idp.accounts.charter import CharterRevision
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.backends import parse_url, unopened_database
from idp.adapters.sql.charters import SqlCharters
from idp.adapters.sql.database import (
    MIGRATION_LOCK,
    MIGRATIONS,
    DatabaseMissing,
    UnsupportedDatabase,
    initialise,
    migrate,
    open_database,
    reading,
    writing,
)
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.postgresql_copy import rows_out, snapshot
from idp.adapters.sql.schema import SCHEMA_REVISION, metadata
from idp.adapters.sql.schema_state import DamagedDatabase, DatabaseRefused, ForeignDatabase, SchemaMismatch
from idp.core.ephemeral import StoreUnavailable
from tests.contracts.races import race
from tests.limits import within

_MONTH = re.compile("audit_events_(before|default|[0-9]{4}_[0-9]{2})$")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def set_revision(database: Engine, revision: str) -> None:
    with writing(database) as connection:
        connection.execute(
            sa.text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision}
        )


# --- creating


def test_init_creates_the_file_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "new" / "deep er" / "caducée%20?.db".replace("?", "#")
    previous = os.umask(0o022)
    try:
        initialise(f"sqlite:///{file}")
    finally:
        os.umask(previous)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    open_database(f"sqlite:///{file}").dispose()


def test_second_init_changes_nothing(database_url: str, opened: Callable[[str], Engine]) -> None:
    with writing(opened(database_url)) as connection:
        connection.execute(
            sa.text(
                "INSERT INTO charter_revisions (charter, revision, published_at, texts) VALUES ('house', 'a', 0, '{}')"
            )
        )
    initialise(database_url)
    migrate(database_url)
    with reading(opened(database_url)) as connection:
        assert connection.execute(sa.text("SELECT revision FROM charter_revisions")).scalars().all() == ["a"]


def test_several_inits_at_once_make_one_schema(tmp_path: Path, empty_postgresql_url: str) -> None:
    for url in (f"sqlite:///{tmp_path / 'caducee.db'}", empty_postgresql_url):
        assert race(initialise, str, url, processes=6, threads=1) == {None: 1, SCHEMA_REVISION: 5}
        open_database(url).dispose()


def test_init_waits_while_another_operator_writes_to_the_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'caducee.db'}"
    initialise(url)
    with (
        closing(
            sqlite3.connect(tmp_path / "caducee.db", isolation_level=None, check_same_thread=False)
        ) as first,
        ThreadPoolExecutor() as operators,
    ):
        first.execute("BEGIN IMMEDIATE")
        second = operators.submit(initialise, url)
        # Longer than ordinary work waits for the file.
        with pytest.raises(TimeoutError):
            second.result(timeout=6.0)
        first.execute("ROLLBACK")
        second.result(timeout=within(20.0))
    open_database(url).dispose()


def test_init_waits_while_another_operator_migrates(empty_postgresql_url: str) -> None:
    with (
        psycopg.connect(empty_postgresql_url, autocommit=True) as first,
        ThreadPoolExecutor() as operators,
    ):
        first.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        second = operators.submit(initialise, empty_postgresql_url)
        # Longer than the statement timeout of ordinary work.
        with pytest.raises(TimeoutError):
            second.result(timeout=3.0)
        tables = first.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        assert tables == (0,)
        first.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])
        second.result(timeout=within(20.0))
    open_database(empty_postgresql_url).dispose()


def test_migrated_schema_is_the_one_the_code_declares(database: Engine) -> None:
    with reading(database) as connection:
        assert compare_metadata(declared(connection), metadata) == []


def declared(connection: sa.Connection) -> MigrationContext:
    """What is there, without the months of the audit trail: they are parts of the one table."""
    return MigrationContext.configure(
        connection,
        opts={"include_name": lambda name, kind, _parents: kind != "table" or not _MONTH.match(name)},
    )


def test_code_expects_the_head_of_the_migrations() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [SCHEMA_REVISION]


def upgrade_to(url: str, revision: str) -> None:
    """The schema as it was at this revision, in an empty database."""
    database = unopened_database(parse_url(url))
    with writing(database) as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS))
        command.upgrade(config, revision)
    database.dispose()


_BEFORE = """
INSERT INTO accounts VALUES ('account-1', 's', '10000000017', 'F', 'G', NULL, '[]', 'cps', 0, 'e', 'a@b', 'a@b', 0,
  'h', 'l', '', '69000', 'Lyon', 'FR', 0, NULL, {true}, NULL, '2026-2', 'fr', 2);
INSERT INTO accounts VALUES ('account-2', 's2', '10000000025', 'F', 'G', NULL, '[]', 'psc', 7, 'e', 'c@d', 'c@d', 0,
  'h', 'l', '', '69000', 'Lyon', 'FR', 0, NULL, {true}, NULL, '2026-2', 'fr', 2);
INSERT INTO charter_revisions (revision, published_at, texts) VALUES ('2026-1', 1, '{{"fr": "un"}}');
INSERT INTO charter_revisions (revision, published_at, texts) VALUES ('2026-2', 2, '{{"fr": "deux"}}');
INSERT INTO charter_acceptances VALUES ('account-1', '2026-1', 'aa', 10, 'cps', 'via');
INSERT INTO charter_acceptances VALUES ('account-1', '2026-2', 'bb', 20, 'password+email_otp', 'via');
"""


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_was_accepted_before_there_were_named_charters_is_the_houses(
    database: str, tmp_path: Path, empty_postgresql_url: str, opened: Callable[[str], Engine]
) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}" if database == "sqlite" else empty_postgresql_url
    (tmp_path / "old.db").touch()
    upgrade_to(url, "0002")
    before = unopened_database(parse_url(url))
    with writing(before) as connection:
        for statement in _BEFORE.format(true="1" if database == "sqlite" else "true").split(";")[:-1]:
            connection.exec_driver_sql(statement)
    before.dispose()
    migrate(url)
    database = opened(url)
    charters = SqlCharters(database)
    assert charters.current().revision == "2026-2"
    found = [
        (known.charter, known.revision, known.text_sha256, known.authenticator, known.client_id)
        for known in charters.evidence_of(AccountId("account-1"))
    ]
    assert found == [
        ("house", "2026-1", "aa", "cps", "via"),
        ("house", "2026-2", "bb", "password+email_otp", "via"),
    ]
    # When a card of before was issued was not kept; Pro Santé Connect spoke at its login.
    stated = [SqlAccounts(database).get(AccountId(f"account-{n}")).identity.stated_at for n in (1, 2)]
    assert stated == [None, EPOCH + timedelta(microseconds=7)]
    assert [one.id for one in SqlAccounts(database).having_email("A@B")] == ["account-1"]
    # The counting of positions goes on, and the references hold.
    charters.publish(
        CharterRevision(revision="2026-1", published_at=EPOCH, texts={"fr": "autre"}, charter="a")
    )
    charters.publish(CharterRevision(revision="2026-3", published_at=EPOCH, texts={"fr": "trois"}))
    assert charters.current().revision == "2026-3"
    orphan = """INSERT INTO charter_acceptances
        (account_id, charter, revision, text_sha256, accepted_at, authenticator, client_id)
        VALUES ('account-1', 'b', '2026-1', 'cc', 30, 'cps', 'via')"""
    with pytest.raises(sa.exc.IntegrityError), writing(database) as connection:
        connection.exec_driver_sql(orphan)
    with reading(database) as connection:
        assert compare_metadata(declared(connection), metadata) == []


_TIMED = """
INSERT INTO accounts VALUES ('{id}', '{id}', '{id}', 'F', 'G', NULL, '[]', 'cps', 0, 'e', '{id}', '{id}', 0,
  'h', 'l', '', '69000', 'Lyon', 'FR', 0, {true}, {not_before}, '2026-2', 'fr', 2);
INSERT INTO grants VALUES ('{id} before', '{id}', 'via', 'sid', 99, NULL, NULL);
INSERT INTO grants VALUES ('{id} after', '{id}', 'via', 'sid', 100, NULL, NULL);
"""


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_an_account_had_voided_by_time_stays_void_once_it_is_counted(
    database: str, tmp_path: Path, empty_postgresql_url: str, opened: Callable[[str], Engine]
) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}" if database == "sqlite" else empty_postgresql_url
    (tmp_path / "old.db").touch()
    upgrade_to(url, "0009")
    before = unopened_database(parse_url(url))
    true = "1" if database == "sqlite" else "true"
    with writing(before) as connection:
        for account, not_before in (("changed", "100"), ("plain", "NULL")):
            made = _TIMED.format(id=account, not_before=not_before, true=true)
            for statement in made.split(";")[:-1]:
                connection.exec_driver_sql(statement)
    before.dispose()
    migrate(url)
    after = opened(url)
    grants = [f"{account} {when}" for account in ("changed", "plain") for when in ("before", "after")]
    found = {name: SqlGrants(after).get(name) for name in grants}
    void = {
        name: SqlAccounts(after).get(grant.account_id).has_voided(grant.generation)
        for name, grant in found.items()
        if grant is not None
    }
    assert void == {
        "changed before": True,
        "changed after": False,
        "plain before": False,
        "plain after": False,
    }


# --- opening


def test_missing_file_is_an_error_and_is_not_created(tmp_path: Path) -> None:
    file = tmp_path / "absent.db"
    for use in (open_database, migrate):
        with pytest.raises(DatabaseMissing, match="run `idp db init`"):
            use(f"sqlite:///{file}")
        assert not file.exists()


def test_database_nobody_initialised_is_refused(tmp_path: Path, empty_postgresql_url: str) -> None:
    file = tmp_path / "empty.db"
    file.touch()
    for url in (f"sqlite:///{file}", empty_postgresql_url):
        for use in (open_database, migrate):
            with pytest.raises(SchemaMismatch, match="run `idp db init`"):
                use(url)


def test_older_schema_is_refused_with_the_command_to_run(
    database_url: str, opened: Callable[[str], Engine]
) -> None:
    set_revision(opened(database_url), "0000")
    with pytest.raises(SchemaMismatch, match=r"schema 0000, .*run `idp db upgrade`"):
        open_database(database_url)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:s3cret@h/d",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql://u:s3cret@h",
        "s3cret",
        "redis://h/0",
    ],
)
def test_url_of_no_durable_database_is_refused_without_its_password(url: str) -> None:
    for use in (open_database, initialise, migrate):
        with pytest.raises(UnsupportedDatabase) as refusal:
            use(url)
        assert "s3cret" not in str(refusal.value)


def test_refusals_never_show_the_password(empty_postgresql_url: str) -> None:
    with pytest.raises(SchemaMismatch) as refusal:
        open_database(empty_postgresql_url.replace("@", ":s3cret@"))
    assert "s3cret" not in str(refusal.value)


def test_a_file_that_is_no_database_is_told_so_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    file.write_bytes(b"not a database at all " * 100)
    for use in (open_database, initialise, migrate):
        with pytest.raises(DamagedDatabase, match="is no SQLite database"):
            use(f"sqlite:///{file}")
    assert file.read_bytes() == b"not a database at all " * 100


def test_a_database_of_something_else_is_refused_and_gets_no_table_of_ours(
    tmp_path: Path, empty_postgresql_url: str
) -> None:
    for url in (f"sqlite:///{tmp_path / 'other.db'}", empty_postgresql_url):
        (tmp_path / "other.db").touch()
        other = unopened_database(parse_url(url))
        with writing(other) as connection:
            connection.exec_driver_sql("CREATE TABLE invoices (id INTEGER)")
        for use in (open_database, initialise, migrate):
            with pytest.raises(ForeignDatabase, match=r"something else \(invoices\)"):
                use(url)
        with reading(other) as connection:
            assert sa.inspect(connection).get_table_names() == ["invoices"]
        other.dispose()


def test_migrations_of_something_else_are_not_ours(
    database_url: str, opened: Callable[[str], Engine]
) -> None:
    set_revision(opened(database_url), "a1b2c3d4e5f6")
    for use in (open_database, initialise, migrate):
        with pytest.raises(ForeignDatabase):
            use(database_url)


def test_a_table_that_is_missing_is_named(database_url: str, opened: Callable[[str], Engine]) -> None:
    with writing(opened(database_url)) as connection:
        connection.exec_driver_sql("DROP TABLE kept_logouts")
    for use in (open_database, initialise, migrate):
        with pytest.raises(DamagedDatabase, match=r"lacks tables \(kept_logouts\): restore a backup"):
            use(database_url)


def test_a_database_that_forgot_its_schema_is_damaged(
    database_url: str, opened: Callable[[str], Engine]
) -> None:
    with writing(opened(database_url)) as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
    for use in (open_database, initialise, migrate):
        with pytest.raises(DamagedDatabase, match="does not say its schema"):
            use(database_url)


@pytest.mark.parametrize(("oldest_code", "is_served"), [(SCHEMA_REVISION, True), ("9998", False)])
def test_a_newer_schema_serves_this_code_as_long_as_it_says_so(
    database_url: str, opened: Callable[[str], Engine], oldest_code: str, is_served: bool
) -> None:
    database = opened(database_url)
    set_revision(database, "9999")
    with writing(database) as connection:
        connection.execute(sa.text("UPDATE schema_support SET oldest_code = :code"), {"code": oldest_code})
    for use in (opened, migrate, initialise):
        if is_served:
            use(database_url)
        else:
            with pytest.raises(SchemaMismatch, match="newer than this code"):
                use(database_url)
    with reading(database) as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "9999"


@pytest.mark.parametrize(
    ("change", "fault", "words"),
    [
        (("/empty", "/absent"), DatabaseMissing, "does not exist: `createdb` it"),
        (("//", "//nobody_here:s3cret@"), DatabaseRefused, "does not let this user in"),
    ],
)
def test_what_the_server_refuses_is_told_in_words(
    empty_postgresql_url: str, change: tuple[str, str], fault: type[Exception], words: str
) -> None:
    start, _, rest = empty_postgresql_url.partition("//")
    rest = rest.partition("@")[2] if "nobody" in change[1] else rest
    for use in (open_database, initialise, migrate):
        with pytest.raises(fault, match=words) as told:
            use(f"{start}//{rest}".replace(*change, 1))
        assert "s3cret" not in str(told.value)


def test_a_user_without_rights_on_our_tables_is_told_so(
    postgresql_url: str, opened: Callable[[str], Engine]
) -> None:
    with writing(opened(postgresql_url)) as connection:
        connection.exec_driver_sql("DROP ROLE IF EXISTS stranger")
        connection.exec_driver_sql("CREATE ROLE stranger LOGIN")
    start, _, rest = postgresql_url.partition("//")
    for use in (open_database, migrate):
        with pytest.raises(DatabaseRefused, match="`GRANT` them"):
            use(f"{start}//stranger@{rest.partition('@')[2]}")


def test_a_server_that_is_not_there_is_an_outage_that_names_the_database(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:1/caducee does not answer"):
        open_database("postgresql://caducee:s3cret@127.0.0.1:1/caducee")


def test_two_upgrades_at_once_are_one(tmp_path: Path, empty_postgresql_url: str) -> None:
    for url in (f"sqlite:///{tmp_path / 'old.db'}", empty_postgresql_url):
        (tmp_path / "old.db").touch()
        upgrade_to(url, "0018")
        assert race(migrate, str, url, processes=4, threads=1) == {"0018": 1, SCHEMA_REVISION: 3}
        open_database(url).dispose()


def test_an_upgrade_waits_for_a_backup_before_it_touches_a_table(empty_postgresql_url: str) -> None:
    upgrade_to(empty_postgresql_url, "0018")
    with ThreadPoolExecutor() as operators:
        with snapshot(parse_url(empty_postgresql_url)) as backup:
            assert b"".join(rows_out(backup, "accounts", ["id"])) == b""
            upgrading = operators.submit(migrate, empty_postgresql_url)
            with pytest.raises(TimeoutError):
                upgrading.result(timeout=1.0)
            with psycopg.connect(empty_postgresql_url) as other:
                # At a table it would wait before all others.
                assert other.execute("SELECT count(*) FROM accounts").fetchone() == (0,)
        assert upgrading.result(timeout=within(20.0)) == "0018"
