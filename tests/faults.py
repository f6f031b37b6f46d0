"""A database that goes away in the middle of a request, and what of the request is there afterwards.

Contains connections of SQLite that fail from a chosen statement on, whatever sends it; a copy of all tables, put back
at once; what differs between two copies, by name; one request, failed at each of its statements. Not here: a flow.
"""

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any, TypeVar

from bs4 import BeautifulSoup
from sqlalchemy import event
from sqlalchemy.pool import Pool
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from idp.adapters.sql.columns import metadata
from idp.adapters.sql.schema import audit_events, ephemeral
from idp.settings import Settings
from tests.forms import form_to
from tests.provider import Browser

#: Kinds of the ephemeral store that belong to the facts of a request. The others are its steps: the place where the
#: person is, and what is counted or taken before anything is decided.
_OF_FACTS = frozenset(
    {
        "mail_code_nonce",
        "email_change",
        "mail_quota_minute",
        "mail_quota_hour",
        "mail_quota_day",
        "mail_quota_ip",
        "password_page",
    }
)


Done = TypeVar("Done")
_READS = ("SELECT", "COMMIT")


@dataclass
class Faults:
    """Counts statements, and commits. From number `at` on (the first is 0) each fails; None: none does.

    `first_write`: the number of the first one that is no read; before it, one failure is as another.
    """

    at: int | None = None
    count: int = 0
    first_write: int | None = None

    def next(self, statement: str) -> None:
        if statement.lstrip().upper().startswith(("ROLLBACK", "PRAGMA")):
            return  # What is not committed is gone anyway.
        number, self.count = self.count, self.count + 1
        if self.first_write is None and statement != "BEGIN" and not statement.startswith(_READS):
            self.first_write = number
        if self.at is not None and number >= self.at:
            raise sqlite3.OperationalError("disk I/O error")

    @contextmanager
    def armed(self, at: int | None) -> Iterator[None]:
        self.at, self.count, self.first_write = at, 0, None
        try:
            yield
        finally:
            self.at = None


@dataclass
class _Cursor:
    real: sqlite3.Cursor
    faults: Faults

    def execute(self, statement: str, *values: Any) -> "_Cursor":
        self.faults.next(statement)
        self.real.execute(statement, *values)
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.real)


@dataclass
class _Connection:
    real: sqlite3.Connection
    faults: Faults

    def execute(self, statement: str, *values: Any) -> _Cursor:
        return self.cursor().execute(statement, *values)

    def cursor(self, *arguments: Any) -> _Cursor:
        return _Cursor(self.real.cursor(*arguments), self.faults)

    def commit(self) -> None:
        if self.real.in_transaction:
            self.faults.next("COMMIT")
        self.real.commit()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


@contextmanager
def faulty_connections() -> Iterator[Faults]:
    """Every connection of SQLAlchemy that is opened within fails when told to, also where only its pool is used."""
    faults = Faults()

    def wrap(connection: Any, record: Any) -> None:
        record.dbapi_connection = _Connection(connection, faults)

    event.listen(Pool, "connect", wrap)
    try:
        yield faults
    finally:
        event.remove(Pool, "connect", wrap)


@dataclass
class Tables:
    """All rows of a database file."""

    path: Path
    _kept: sqlite3.Connection = field(default_factory=lambda: sqlite3.connect(":memory:"))

    @classmethod
    def of(cls, settings: Settings) -> "Tables":
        return cls(Path(settings.where.database.removeprefix("sqlite:///")))

    def keep(self) -> None:
        with closing(sqlite3.connect(self.path)) as live:
            live.backup(self._kept)

    def put_back(self) -> None:
        with closing(sqlite3.connect(self.path)) as live:
            self._kept.backup(live)

    def changed(self) -> frozenset[str]:
        """Returns the names of what differs from what was kept: tables; audit events and records by their own names.

        Steps are left out."""
        with closing(sqlite3.connect(self.path)) as live:
            return frozenset(name for name, _row in rows(self._kept.execute) ^ rows(live.execute))


def rows(execute: Callable[[str], Iterable[Any]]) -> set[tuple[str, str]]:
    """Returns all rows, each with the name of what it is."""
    found = set()
    for table in metadata.sorted_tables:
        columns = [column.name for column in table.c]
        for row in execute(f"SELECT {', '.join(columns)} FROM {table.name}"):  # noqa: S608
            name = _NAMED.get(table.name, lambda _row, name=table.name: name)(
                dict(zip(columns, row, strict=True))
            )
            if name is not None:
                found.add((name, repr(tuple(row))))
    return found


def _name_of_record(row: Mapping[str, Any]) -> str | None:
    return row["kind"] if row["kind"] in _OF_FACTS else None


_NAMED: Mapping[str, Callable[[Mapping[str, Any]], str | None]] = {
    audit_events.name: lambda row: row["event"],
    ephemeral.name: _name_of_record,
}


def together(*names: str) -> frozenset[str]:
    return frozenset(names)


def posting(
    browser: Browser, page: TestResponse, action_end: str, **typed: str
) -> Callable[[], TestResponse]:
    """Returns the form of the page, filled in and not yet sent; its answer is not followed."""
    action, hidden = form_to(page.text, action_end)
    return lambda: browser.post(action, data={**hidden, **typed})


def fail_at_each_statement(
    browser: Browser,
    request: Callable[[], TestResponse],
    commits: Sequence[frozenset[str]],
    faults: Faults,
    again: Callable[[Browser], TestResponse] | None = None,
) -> None:
    """Asserts that a failure leaves whole commits, says so, and that the person gets the whole of it afterwards.

    `commits`: what the request changes, in the order in which it is committed. `again`: what the person does after an
    outage; None: the same.
    """
    tables, cookies = Tables.of(browser.house.settings), dict(browser.client._cookies or {})
    whole = frozenset[str]().union(*commits)

    def answer() -> tuple[int, str] | None:
        browser.client._cookies = dict(cookies)
        response = request()
        if response.status_code == 503:
            assert_told(response)
            return None
        return _outcome(response)

    done = None
    for at, outcome, left in failures(tables, answer, commits, faults):
        if at is None:
            done = outcome
        elif outcome is not None:
            assert (outcome, left) == (done, whole), (at, outcome, whole ^ left)
        else:
            went_on = _outcome(request() if again is None else again(browser))
            after = tables.changed()
            # Where only the answer was lost, it may be told that the same was done before.
            assert (went_on, after) == (done, whole) or whole == left <= after, (at, went_on, whole ^ after)


def failures(
    tables: Tables, act: Callable[[], Done], commits: Sequence[frozenset[str]], faults: Faults
) -> Iterator[tuple[int | None, Done, frozenset[str]]]:
    """Does it once (None), then again from the same beginning with a failure at each statement in turn (its number).

    Yields what `act` returned, and what was changed. Asserts that those are whole commits.
    """
    tables.keep()
    with faults.armed(None):
        done = act()
        points = [0, *range(faults.first_write or 0, faults.count)]
    whole = tables.changed()
    assert whole == frozenset[str]().union(*commits)
    yield None, done, whole
    for at in points:
        tables.put_back()
        with faults.armed(at), capture_logs():  # The trace of each in full takes longer than the request.
            failed = act()
        left = tables.changed()
        assert left in [frozenset[str]().union(*commits[:n]) for n in range(len(commits) + 1)], (at, left)
        yield at, failed, left


def assert_told(page: TestResponse) -> None:
    """Asserts that it is the page of an outage, with a way on."""
    assert (page.status_code, page.headers["Retry-After"]) == (503, "10")
    assert "Rien de ce que vous avez validé n'est perdu." in unescape(page.text)
    assert "disk" not in page.text
    # A form is sent again from its page, to which the hub leads; another address may be asked for again.
    links = BeautifulSoup(page.text, "html.parser").find_all("a")
    again = next((link for link in links if link.get_text().strip() == "Réessayer"), None)
    hub = re.match(r"/interaction/[^/]+(?=/)", page.request.path)
    if page.request.method == "GET" or hub:
        assert again is not None
        assert again["href"] == ("" if page.request.method == "GET" else hub and hub[0])


def _outcome(response: TestResponse) -> tuple[int, str]:
    return response.status_code, response.headers.get("Location", "").partition("?")[0]
