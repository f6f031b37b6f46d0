"""The index of revoked serials on SQLite and PostgreSQL: whole lists, replaced whole, asked while they change."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from idp.adapters.sql.crl_index import CrlIndex, OlderList
from idp.adapters.sql.crl_schema import card_crl_entries
from idp.adapters.sql.database import open_database, reading
from idp.cards.revocation import CrlAnswer
from tests.contracts.races import CALLERS, race
from tests.contracts.specimens import NOON

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ISSUER, OTHER_ISSUER = "aa" * 20, "bb" * 20
SERIAL = (1 << 126) + 7


@pytest.fixture
def index(database: Engine) -> CrlIndex:
    return CrlIndex(database, grace=DAY, skew=timedelta(seconds=60))


def load(
    index: CrlIndex,
    *serials: int,
    issuer: str = ISSUER,
    number: int = 1,
    begins: datetime = NOON - HOUR,
    ends: datetime = NOON + DAY,
    now: datetime = NOON,
) -> int:
    return index.load(issuer, serials, number=number, this_update=begins, next_update=ends, now=now)


def rows(database: Engine) -> int:
    with reading(database) as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(card_crl_entries)).scalar_one())


def test_without_a_list_there_is_no_answer(index: CrlIndex) -> None:
    assert index.answer(ISSUER, SERIAL, NOON) is CrlAnswer.NONE
    assert index.in_force() == []


def test_listed_serial_of_that_issuer_and_no_other_is_listed(index: CrlIndex) -> None:
    assert load(index, SERIAL, 5) == 2
    load(index, issuer=OTHER_ISSUER)
    assert index.answer(ISSUER, SERIAL, NOON) is CrlAnswer.LISTED
    assert index.answer(ISSUER, SERIAL + 1, NOON) is CrlAnswer.NOT_LISTED
    assert index.answer(OTHER_ISSUER, SERIAL, NOON) is CrlAnswer.NOT_LISTED


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (-HOUR - timedelta(seconds=61), CrlAnswer.NONE),  # a list from the future
        (-HOUR - timedelta(seconds=60), CrlAnswer.NOT_LISTED),
        (2 * DAY, CrlAnswer.NOT_LISTED),  # nextUpdate and the grace
        (2 * DAY + timedelta(seconds=1), CrlAnswer.NONE),
    ],
)
def test_list_counts_from_its_beginning_to_the_end_of_its_grace(
    index: CrlIndex, age: timedelta, expected: CrlAnswer
) -> None:
    load(index)
    assert index.answer(ISSUER, SERIAL, NOON + age) is expected


def test_opposed_card_stays_so_on_a_list_however_old(index: CrlIndex) -> None:
    load(index, SERIAL)
    assert index.answer(ISSUER, SERIAL, NOON + 400 * DAY) is CrlAnswer.LISTED


def test_new_list_replaces_the_old_one_whole(index: CrlIndex, database: Engine) -> None:
    load(index, *range(1, 5000))
    load(index, SERIAL, number=2, begins=NOON, now=NOON + HOUR)
    assert index.answer(ISSUER, 7, NOON) is CrlAnswer.NOT_LISTED
    assert index.answer(ISSUER, SERIAL, NOON) is CrlAnswer.LISTED
    assert rows(database) == 1
    (known,) = index.in_force()
    assert (known.number, known.entries, known.fetched_at) == (2, 1, NOON + HOUR)


@pytest.mark.parametrize(
    ("number", "begins"), [(1, NOON), (2, NOON - 2 * HOUR), (1, NOON - HOUR), (0, NOON + HOUR)]
)
def test_older_list_never_comes_back(
    index: CrlIndex, database: Engine, number: int, begins: datetime
) -> None:
    load(index, SERIAL, number=2)
    with pytest.raises(OlderList):
        load(index, number=number, begins=begins, now=NOON + HOUR)
    assert index.answer(ISSUER, SERIAL, NOON) is CrlAnswer.LISTED
    assert rows(database) == 1


def test_list_that_breaks_off_leaves_the_old_one_in_force(index: CrlIndex, database: Engine) -> None:
    load(index, SERIAL)

    def breaking_off() -> Iterator[int]:
        yield from range(1, 5000)
        raise ValueError("damaged entry")

    with pytest.raises(ValueError, match="damaged"):
        index.load(
            ISSUER, breaking_off(), number=2, this_update=NOON, next_update=NOON + DAY, now=NOON + HOUR
        )
    assert index.answer(ISSUER, SERIAL, NOON) is CrlAnswer.LISTED
    assert index.answer(ISSUER, 7, NOON) is CrlAnswer.NOT_LISTED
    assert rows(database) == 1


@pytest.mark.parametrize("begins", [NOON - HOUR, NOON - HOUR / 2], ids=["the same list", "a newer list"])
def test_list_overtaken_while_it_loads_never_comes_into_force_with_what_was_swept_of_it(
    index: CrlIndex, database: Engine, begins: datetime
) -> None:
    """Two addresses of one list, or a download longer than the pause before the next attempt."""

    def overtaken() -> Iterator[int]:
        yield SERIAL
        yield from range(1, 5000)  # some batches are written
        load(index, SERIAL, now=NOON + timedelta(seconds=1))
        yield 5000

    with pytest.raises(OlderList):
        index.load(ISSUER, overtaken(), number=1, this_update=begins, next_update=NOON + DAY, now=NOON)
    assert index.answer(ISSUER, SERIAL, NOON) is CrlAnswer.LISTED
    assert rows(database) == 1


def test_what_a_responder_said_for_good_needs_no_list_and_survives_every_list(index: CrlIndex) -> None:
    index.remember_revoked(ISSUER, SERIAL, NOON)
    index.remember_revoked(ISSUER, SERIAL, NOON + HOUR)
    assert index.answer(ISSUER, SERIAL, NOON) is CrlAnswer.LISTED
    load(index)
    assert index.answer(ISSUER, SERIAL, NOON) is CrlAnswer.LISTED
    assert index.answer(OTHER_ISSUER, SERIAL, NOON) is CrlAnswer.NONE


def test_opposed_card_is_listed_at_every_instant_of_a_replacement(index: CrlIndex) -> None:
    """Between two lists that both name the card there is no moment without it."""
    load(index, SERIAL, *range(1, 3000))
    stopped, answers = threading.Event(), set()

    def keep_asking() -> None:
        while not stopped.is_set():
            answers.add(index.answer(ISSUER, SERIAL, NOON))

    asking = threading.Thread(target=keep_asking)
    asking.start()
    try:
        for rank in range(2, 5):
            load(index, SERIAL, *range(1, 3000), number=rank, begins=NOON, now=NOON + rank * HOUR)
    finally:
        stopped.set()
        asking.join()
    assert answers == {CrlAnswer.LISTED}


def open_index(url: str) -> CrlIndex:
    return CrlIndex(open_database(url), grace=DAY, skew=timedelta(seconds=60))


def claim(index: CrlIndex) -> bool:
    return index.claim("http://igc.example/1.crl", NOON, NOON + HOUR)


def test_each_list_is_given_to_one_worker_at_a_time(index: CrlIndex, database_url: str) -> None:
    url = "http://igc.example/1.crl"
    assert index.is_due(url, NOON)
    assert race(claim, open_index, database_url) == {True: 1, False: CALLERS - 1}
    assert not index.is_due(url, NOON)
    assert not index.claim(url, NOON + HOUR - timedelta(seconds=1), NOON + DAY)
    # The worker that claimed it died: another may.
    assert index.claim(url, NOON + HOUR, NOON + 2 * HOUR)
    index.plan(url, NOON + DAY)
    assert not index.is_due(url, NOON + 3 * HOUR)
    assert index.is_due(url, NOON + DAY)


URL, OTHER_URL = "http://igc.example/1.crl", "http://igc.example/1.crl.bis"
RETRY = NOON + HOUR / 4


@pytest.fixture
def planned(index: CrlIndex) -> CrlIndex:
    """The list of ISSUER came an hour ago; its address is asked again tomorrow."""
    load(index, ends=NOON + 7 * DAY)
    index.claim(URL, NOON - HOUR, NOON)
    index.plan(URL, NOON + DAY)
    return index


def claim_for_other(index: CrlIndex) -> bool:
    return index.claim(URL, NOON, RETRY, frozenset({OTHER_ISSUER}))


def test_authority_that_is_new_waits_for_no_plan_of_another_and_its_list_is_one_worker_s(
    planned: CrlIndex, database_url: str
) -> None:
    waiting = planned.waiting(frozenset({ISSUER, OTHER_ISSUER}), NOON)
    assert waiting == {OTHER_ISSUER}
    assert planned.is_due(URL, NOON, waiting)
    assert race(claim_for_other, open_index, database_url) == {True: 1, False: CALLERS - 1}
    # It failed, or the worker that claimed it died: no worker tries before its time.
    assert not planned.is_due(URL, RETRY - timedelta(seconds=1), waiting)
    assert planned.is_due(URL, RETRY, waiting)
    assert not planned.is_due(URL, RETRY)


def test_second_new_authority_is_tried_at_once_and_both_wait_for_the_outcome(planned: CrlIndex) -> None:
    third = frozenset({OTHER_ISSUER, "cc" * 20})
    assert claim_for_other(planned)
    assert planned.claim(URL, NOON + HOUR / 8, NOON + HOUR, third)
    assert not planned.is_due(URL, NOON + HOUR - timedelta(seconds=1), third)
    assert not planned.is_due(URL, NOON + HOUR - timedelta(seconds=1), frozenset({OTHER_ISSUER}))


def test_new_plan_is_that_of_all_who_wait_and_forgets_those_who_do_not(planned: CrlIndex) -> None:
    waiting = frozenset({OTHER_ISSUER})
    assert claim_for_other(planned)
    assert planned.claim(OTHER_URL, NOON, RETRY, waiting)
    planned.plan(URL, NOON + DAY, waiting)
    assert not planned.is_due(URL, NOON + DAY - timedelta(seconds=1), waiting)
    assert not planned.is_due(URL, NOON + DAY - timedelta(seconds=1))
    planned.plan(URL, NOON + 2 * DAY)
    assert planned.is_due(URL, NOON, waiting)  # it had its list, and has lost it since: now
    assert not planned.is_due(OTHER_URL, NOON, waiting)  # another address, though one begins as the other


def test_outdated_list_is_waited_for_while_it_still_counts(index: CrlIndex) -> None:
    one = frozenset({ISSUER})
    load(index)
    assert index.waiting(one, NOON + DAY) == frozenset()
    late = NOON + DAY + timedelta(seconds=1)
    assert (index.waiting(one, late), index.lacking(one, late)) == (one, frozenset())
    # The clock was set back: the list is of no use, whatever was planned.
    early = NOON - HOUR - timedelta(seconds=61)
    assert index.answer(ISSUER, SERIAL, early) is CrlAnswer.NONE
    assert index.lacking(one, early) == index.waiting(one, early) == one


def test_missing_and_outdated_lists_are_noticed(index: CrlIndex) -> None:
    both = frozenset({ISSUER, OTHER_ISSUER})
    assert index.is_lacking(both, NOON)
    load(index)
    assert index.is_lacking(both, NOON)
    load(index, issuer=OTHER_ISSUER)
    assert not index.is_lacking(both, NOON)
    assert index.is_lacking(both, NOON + 2 * DAY + timedelta(seconds=1))
    assert not index.is_lacking(frozenset(), NOON + 400 * DAY)
