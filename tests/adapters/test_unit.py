"""What a thread's present request remembers and puts off, and how a block of writes ends; without any store."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from idp.adapters.unit import (
    Unit,
    forget,
    in_request,
    in_unit,
    present_request,
    present_unit,
    remember,
    remembered,
)
from idp.core.ephemeral import StoreUnavailable
from tests.logged import logged_here


def in_another_thread(act: Callable[[], Any]) -> Any:
    results: list[Any] = []
    other = threading.Thread(target=lambda: results.append(act()))
    other.start()
    other.join()
    return results[0]


def test_what_was_read_is_remembered_in_its_request_alone() -> None:
    remember("k", 1)
    assert remembered("k") is None
    with in_request():
        remember("k", 1)
        remember("other", 2)
        assert remembered("k") == 1
        assert in_another_thread(lambda: remembered("k")) is None
        forget("k")
        assert (remembered("k"), remembered("other")) == (None, 2)
    with in_request():
        assert remembered("other") is None


def test_two_requests_at_once_know_nothing_of_each_other() -> None:
    met = threading.Barrier(2)

    def serve(name: str) -> Any:
        with in_request():
            remember("k", name)
            met.wait(timeout=30)
            return remembered("k")

    results: list[Any] = []
    threads = [threading.Thread(target=lambda name=name: results.append(serve(name))) for name in ("a", "b")]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(results) == ["a", "b"]


def fail_in_a_request(written: list[Any]) -> None:
    with in_request():
        remember("k", 1)
        request = present_request()
        assert request is not None
        request.put_off(written.extend, "late")
        raise ZeroDivisionError


def test_an_exception_ends_the_request_its_memory_and_what_it_put_off() -> None:
    written: list[Any] = []
    with pytest.raises(ZeroDivisionError):
        fail_in_a_request(written)
    assert present_request() is None
    with in_request():
        assert remembered("k") is None
    assert written == []


def test_a_request_within_a_request_is_part_of_it() -> None:
    written: list[Any] = []
    with in_request():
        remember("k", 1)
        with in_request():
            request = present_request()
            assert request is not None
            assert remembered("k") == 1
            request.put_off(written.extend, "late")
        assert (remembered("k"), written) == (1, [])
    assert written == ["late"]


def test_what_could_wait_and_was_not_written_costs_nobody_an_answer() -> None:
    def write(_commands: list[Any]) -> None:
        raise StoreUnavailable("down")

    with logged_here() as events, in_request():
        request = present_request()
        assert request is not None
        request.put_off(write, "late")
    assert [event["event"] for event in events] == ["request_end_not_written"]


def ended(body: Callable[[Unit], None], *, fails: str = "") -> tuple[list[str], type[BaseException] | None]:
    """What was called in which order at the end of a block that does this, and which exception left it."""
    told: list[str] = []

    def call(name: str) -> None:
        told.append(name)
        if name == fails:
            raise StoreUnavailable(name)

    def run() -> None:
        with in_unit(lambda _: call("commit"), lambda _: call("roll back")):
            unit = present_unit()
            assert unit is not None
            unit.put_ahead(lambda commands: call(f"ahead {len(commands)}"), "command")
            body(unit)

    try:
        run()
    except (StoreUnavailable, ZeroDivisionError) as error:
        return told, type(error)
    finally:
        assert present_unit() is None
    return told, None


def nothing(_: Unit) -> None:
    """Of the block's own."""


def failing(_: Unit) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("body", "fails", "calls", "error"),
    [
        (nothing, "", ["ahead 1", "commit"], None),
        (nothing, "ahead 1", ["ahead 1", "roll back"], StoreUnavailable),
        (nothing, "commit", ["ahead 1", "commit", "roll back"], StoreUnavailable),
        (failing, "", ["roll back"], ZeroDivisionError),
    ],
)
def test_another_server_writes_before_the_commit_and_nothing_is_committed_without_it(
    body: Callable[[Unit], None], fails: str, calls: list[str], error: type[BaseException] | None
) -> None:
    """facts/security §4.2: no refresh token is used up for an access token that nobody has."""
    assert ended(body, fails=fails) == (calls, error)


def test_the_end_of_a_unit_ends_what_its_request_remembers() -> None:
    with in_request():
        remember("k", 1)
        assert ended(nothing)[1] is None
        assert remembered("k") is None
        remember("k", 1)
        assert ended(failing)[1] is ZeroDivisionError
        assert remembered("k") is None
