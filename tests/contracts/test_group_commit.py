"""One thread writes to SQLite for all that wait: one commit for several, and what fails is told to each."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine, event

from idp.accounts.grants import Grant, GrantSpent
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.database import reading, writing
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.group_commit import Batch, GroupCommit, turns_of
from idp.adapters.sql.kept import kept_by
from idp.adapters.sql.schema import grants
from idp.adapters.sql.work import SqlUnitOfWork
from idp.core.ephemeral import StoreUnavailable
from tests.contracts.specimens import ALICE, NOON, an_account
from tests.limits import eventually, within

THREADS = 32


@pytest.fixture
def database(sqlite_url: str, opened: Callable[[str], Engine]) -> Engine:
    database = opened(sqlite_url)
    SqlAccounts(database).add(an_account())
    return database


def add(database: Engine, number: int, *, is_refused: bool = False, size: int = 1) -> str:
    """What a caller hears that adds a grant, and redeems one that does not exist if it is to be refused."""
    repository = SqlGrants(database)
    grant = Grant(
        id=f"grant-{number}", account_id=ALICE, client_id="c" * size, sid=f"sid-{number}", granted_at=NOON
    )
    try:
        with SqlUnitOfWork(database).together():
            repository.add(grant)
            if is_refused:
                repository.redeem("absent", NOON)
    except (GrantSpent, StoreUnavailable) as error:
        return type(error).__name__
    return "added"


def added(database: Engine) -> set[str]:
    with reading(database) as connection:
        return set(connection.execute(sa.select(grants.c.id)).scalars())


@contextmanager
def at_once(database: Engine, *calls: Callable[[], str]) -> Iterator[list["Future[str]"]]:
    """Every caller waits for its turn, which comes on leaving."""
    with ThreadPoolExecutor(len(calls)) as pool, turns_of(database).alone():
        answers = [pool.submit(call) for call in calls]
        assert eventually(lambda: len(turns_of(database)._waiting) == len(calls), seconds=10)
        yield answers


@contextmanager
def statements(database: Engine) -> Iterator[Counter[str]]:
    """How often each statement was run, as SQLite tells it."""
    seen: Counter[str] = Counter()

    def listen(connection: Any, _record: Any, _proxy: Any) -> None:
        connection.set_trace_callback(lambda text: seen.update([text.partition(" ")[0]]))

    event.listen(database, "checkout", listen)
    try:
        yield seen
    finally:
        event.remove(database, "checkout", listen)


def test_those_that_wait_share_one_commit_and_a_refused_one_takes_nothing_of_the_others(
    database: Engine,
) -> None:
    calls = [
        lambda number=number: add(database, number, is_refused=number % 3 == 0) for number in range(THREADS)
    ]
    with statements(database) as seen, at_once(database, *calls) as answers:
        pass
    commits = seen["COMMIT"]
    heard = [answer.result() for answer in answers]
    assert heard == ["GrantSpent" if number % 3 == 0 else "added" for number in range(THREADS)]
    assert added(database) == {f"grant-{number}" for number in range(THREADS) if number % 3}
    assert commits == 1


def test_each_of_many_that_come_and_go_finds_its_turn(database: Engine) -> None:
    def several(first: int) -> list[str]:
        return [add(database, number, is_refused=number % 3 == 0) for number in range(first, first + 10)]

    with ThreadPoolExecutor(8) as pool:
        heard = [one for part in pool.map(several, range(0, 80, 10)) for one in part]
    assert heard == ["GrantSpent" if number % 3 == 0 else "added" for number in range(80)]
    assert added(database) == {f"grant-{number}" for number in range(80) if number % 3}


def _fill(database: Engine, _file: Path) -> None:
    # Of the connection that is used next.
    with _next_connection(database) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 30}").fetchall()


def _forbid(database: Engine, _file: Path) -> None:
    with _next_connection(database) as connection:
        connection.execute("PRAGMA query_only = ON").fetchall()


@contextmanager
def _next_connection(database: Engine) -> Iterator[Any]:
    kept: list[Any] = []
    kept_by(database).use(database, kept.append)
    yield kept[0].driver_connection


@pytest.mark.parametrize("outage", [_fill, _forbid], ids=["disk_full", "read_only"])
def test_what_fails_in_the_middle_is_told_to_everybody_whom_it_concerns(
    sqlite_url: str, database: Engine, outage: Callable[[Engine, Path], None]
) -> None:
    calls = [lambda number=number: add(database, number, size=20_000) for number in range(10)]
    with at_once(database, *calls) as answers:
        outage(database, Path(sqlite_url.removeprefix("sqlite:///")))
    heard = {f"grant-{number}": answer.result() for number, answer in enumerate(answers)}
    assert "StoreUnavailable" in heard.values()
    # A caller that heard nothing of it has what it wrote, also after a restart; nobody else has.
    database.dispose()
    assert added(database) == {name for name, answer in heard.items() if answer == "added"}
    assert add(database, 100) == "added"


def test_a_file_that_is_gone_is_an_outage_although_it_is_open(
    sqlite_url: str, database: Engine, tmp_path: Path
) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    elsewhere = file.rename(tmp_path / "moved.db")
    calls = [lambda number=number: add(database, number) for number in range(3)]
    with at_once(database, *calls) as answers:
        pass
    assert {answer.result() for answer in answers} == {"StoreUnavailable"}
    with pytest.raises(StoreUnavailable), writing(database):
        pytest.fail("began")
    assert not file.exists()
    elsewhere.rename(file)
    assert add(database, 100) == "added"
    assert added(database) == {"grant-100"}


def test_a_turn_that_does_not_come_in_time_is_an_outage_and_nothing_is_written(database: Engine) -> None:
    turns_of(database).patience_seconds = 0.05
    with at_once(database, lambda: add(database, 1)) as answers:
        assert answers[0].result(timeout=within(10)) == "StoreUnavailable"
    turns_of(database).patience_seconds = within(5)
    assert add(database, 2) == "added"
    assert added(database) == {"grant-2"}


def test_one_that_another_is_writing_already_hears_what_became_of_it() -> None:
    turns, taken = GroupCommit(patience_seconds=0.2), list[str]()

    def commit(batches: Sequence[Batch]) -> None:
        time.sleep(0.3)
        for batch in batches:
            batch.outcome = "written"
            taken.append(batch.work)

    with ThreadPoolExecutor(1) as pool:
        with turns.alone():
            waiting = pool.submit(turns.write, "theirs", commit)
            assert eventually(lambda: len(turns._waiting) == 1, seconds=10, every=0.001)
            assert turns.write("own", commit) == "written"
        heard = waiting.exception() or waiting.result()
    # On a machine so busy that it gave up before it was taken, it was not taken.
    assert (heard == "written") == ("theirs" in taken)
