"""`idp db check` reads all of a SQLite file: a page that was overwritten, a row that refers to nothing."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine

from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.database import open_database, writing
from idp.adapters.sql.integrity import faults_in
from tests.contracts.specimens import an_account


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def test_a_whole_database_has_no_fault(database: Engine) -> None:
    SqlAccounts(database).add(an_account())
    assert list(faults_in(database)) == []


def test_a_column_that_is_missing_is_named(database: Engine) -> None:
    with writing(database) as connection:
        connection.exec_driver_sql("ALTER TABLE accounts DROP COLUMN password_changed_at")
    assert list(faults_in(database)) == ["accounts: no column password_changed_at"]


def test_a_row_that_refers_to_nothing_is_named(sqlite_url: str, opened: Callable[[str], Engine]) -> None:
    with closing(sqlite3.connect(file_of(sqlite_url), isolation_level=None)) as careless:
        careless.execute("INSERT INTO passkey_offers VALUES ('nobody', 1)")
    (fault,) = faults_in(opened(sqlite_url))
    assert fault.startswith("passkey_offers: row ")
    assert fault.endswith("refers to a row of accounts that is not there")


def test_a_page_that_was_overwritten_is_told(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    for number in range(1, 60):
        SqlAccounts(database).add(an_account(number))
    database.dispose()
    with file_of(sqlite_url).open("r+b") as file:
        # Of the last pages: the tables were written before the rows.
        file.seek(-20_000, 2)
        file.write(b"\xa5" * 8192)
    database = open_database(sqlite_url)
    assert faults_in(database)
    database.dispose()
