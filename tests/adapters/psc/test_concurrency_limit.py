"""A Pro Santé Connect that answers just in time: it holds few sign-ins, none of them for long, and no other door."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from idp.adapters.http.bounded import SafeHttp
from idp.adapters.psc.concurrency_limit import ConcurrencyLimit, in_all
from idp.adapters.psc.provider import PscProvider
from idp.interaction.upstream import UpstreamLogin, UpstreamUnavailable
from tests.adapters.psc.chosen import psc_provider
from tests.adapters.psc.hostile_psc import Handler, HostilePsc, Lie, Reply, hostile_psc, say_json
from tests.adapters.psc.test_provider import NOW, SECONDS, HandClock, log_in, settings_for
from tests.limits import beyond, within


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with hostile_psc(SECONDS) as server:
        yield server


#: Enough for all answers of a server that does not wait.
_SHORT = within(0.25)


def provider_for(psc: HostilePsc, at_once: int = 8, time: float = 10.0) -> PscProvider:
    """One answer alone may take longer than any test waits: what ends it is the time of all together."""
    settings = replace(settings_for(psc), at_once=at_once, timeout=timedelta(seconds=time))
    return psc_provider(settings, clock=HandClock(), http=SafeHttp(total_seconds=beyond(10)))


@contextmanager
def holding(psc: HostilePsc, endpoint: str, answer: Callable[[], object]) -> Iterator[threading.Event]:
    """It answers there only when the block is over. Yields what tells that it was asked."""
    asked, may_answer = threading.Event(), threading.Event()

    def held(handler: Handler) -> None:
        asked.set()
        may_answer.wait(within(10))
        say_json(answer())(handler)

    psc.lie = Lie(instead={endpoint: held})
    try:
        yield asked
    finally:
        may_answer.set()
        psc.lie = Lie()


@pytest.mark.parametrize("endpoint", ["token", "jwks", "userinfo"])
def test_what_is_asked_last_ends_with_the_time_of_all(psc: HostilePsc, endpoint: str) -> None:
    provider = provider_for(psc, time=_SHORT)
    with holding(psc, endpoint, dict) as asked:
        with pytest.raises(UpstreamUnavailable, match="Timeout|too slow in all"):
            log_in(provider, psc)
        assert asked.is_set()
        assert psc.calls("userinfo") == (endpoint == "userinfo")
    # Each sign-in has its own time.
    assert log_in(provider_for(psc), psc).rpps


def test_who_waits_behind_another_has_the_time_of_their_own(psc: HostilePsc) -> None:
    """The keys are fetched by one for all who need them."""
    provider = provider_for(psc, time=beyond(10))
    with ThreadPoolExecutor(1) as thread:
        with holding(psc, "jwks", psc.jwks) as asked:
            second = provider.begin(fresh=False)
            first = thread.submit(log_in, provider, psc)
            assert asked.wait(within(10))
            answer = psc.authorize(second.url)
            with (
                pytest.raises(UpstreamUnavailable, match="too slow in all"),
                in_all(timedelta(seconds=_SHORT)),
            ):
                provider.complete(answer, second.pending, now=NOW)
            assert psc.calls("jwks") == 1
        assert first.result().rpps


def test_who_sets_out_waits_no_longer(psc: HostilePsc) -> None:
    provider = provider_for(psc, time=_SHORT)
    with holding(psc, "discovery", psc.discovery) as asked:
        with pytest.raises(UpstreamUnavailable, match="Timeout|too slow in all"):
            provider.begin(fresh=False)
        assert asked.is_set()


def test_more_sign_ins_than_may_wait_are_told_soon_and_the_places_come_back(psc: HostilePsc) -> None:
    asked, may_answer = threading.Event(), threading.Event()

    def held(handler: Handler) -> None:
        asked.set()
        may_answer.wait(within(10))
        say_json(psc.tokens())(handler)

    provider, got = provider_for(psc, at_once=1), list[UpstreamLogin]()
    replies: dict[str, Reply] = {"token": held}
    psc.lie = Lie(instead=replies)
    waiting = threading.Thread(target=lambda: got.append(log_in(provider, psc)))
    waiting.start()
    try:
        assert asked.wait(within(10))
        second = provider.begin(fresh=False)
        with pytest.raises(UpstreamUnavailable, match="too many wait already"):
            provider.complete({"code": "c", "state": second.state}, second.pending, now=NOW)
        assert psc.calls("token") == 1
    finally:
        may_answer.set()
        waiting.join()
    assert [one.rpps for one in got] == [log_in(provider, psc).rpps]
    # A refusal gives its place back as well.
    psc.lie = Lie(instead={"token": lambda handler: handler.say(503, "text/html", b"")})
    for _ in range(3):
        with pytest.raises(UpstreamUnavailable):
            log_in(provider, psc)
    psc.lie = Lie()
    assert log_in(provider, psc).rpps


def test_place_that_comes_free_in_time_is_taken() -> None:
    limit = ConcurrencyLimit(1, timedelta(seconds=10), for_a_place=timedelta(seconds=20))
    inside, may_leave = threading.Event(), threading.Event()

    def hold() -> None:
        with limit.place():
            inside.set()
            may_leave.wait(within(10))

    holder = threading.Thread(target=hold)
    holder.start()
    assert inside.wait(within(10))
    threading.Timer(0.1, may_leave.set).start()
    with limit.place() as go_on:
        go_on()
    holder.join()
