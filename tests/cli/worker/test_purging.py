"""The broom goes round the tables: none waits for another that has millions, or is broken."""

import itertools
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from idp.cli.worker.purging import purge
from idp.core.ephemeral import StoreUnavailable


def batches(log: list[str], name: str, *rows: int) -> Callable[[], int]:
    left = iter(rows)

    def delete_some() -> int:
        log.append(name)
        return next(left, 0)

    return delete_some


def never() -> bool:
    return False


def test_tables_take_turns_until_nothing_is_left() -> None:
    log: list[str] = []
    with capture_logs() as told:
        purges = {"grants": batches(log, "grants", 9, 9, 4), "dead mails": batches(log, "mails", 2)}
        purge(purges, never, lambda _seconds: None)
    assert log == ["grants", "mails", "grants", "mails", "grants", "grants"]
    assert told == [{"event": "purged", "log_level": "info", "complete": True, "grants": 22, "dead_mails": 2}]


def test_nothing_to_purge_is_nothing_to_tell() -> None:
    with capture_logs() as told:
        purge({"grants": lambda: 0}, never)
    assert told == []


def test_a_turn_that_is_over_leaves_the_rest_to_the_next_at_once() -> None:
    log: list[str] = []
    turns = itertools.chain([False] * 3, itertools.repeat(True))
    purges = {"grants": batches(log, "grants", 9, 9, 9), "mails": batches(log, "mails", 9, 9)}
    purge(purges, lambda: next(turns), lambda _seconds: None)
    assert log == ["grants", "mails"]


def test_after_each_batch_whoever_signs_in_has_as_long() -> None:
    rests: list[float] = []
    purge({"grants": batches([], "grants", 9, 9)}, never, rests.append)
    assert len(rests) == 2
    assert all(0 <= rest <= 0.5 for rest in rests)


def test_a_table_whose_batch_fails_waits_and_the_others_go_on() -> None:
    log: list[str] = []

    def fail() -> int:
        log.append("grants")
        raise StoreUnavailable("statement timeout")

    with capture_logs() as told, pytest.raises(StoreUnavailable):
        purge({"grants": fail, "mails": batches(log, "mails", 9, 9)}, never, lambda _seconds: None)
    assert log == ["grants", "mails", "mails", "mails"]
    assert [entry["event"] for entry in told] == ["purge_failed", "purged"]
