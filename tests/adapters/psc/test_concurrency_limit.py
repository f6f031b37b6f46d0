"""A Pro Santé Connect that answers just in time: it holds few sign-ins, none of them for long, and no other door."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from idp.adapters.psc.concurrency_limit import ConcurrencyLimit
from idp.adapters.psc.provider import PscProvider
from idp.interaction.upstream import UpstreamLogin, UpstreamUnavailable
from tests.adapters.psc.chosen import psc_provider
from tests.adapters.psc.hostile_psc import Handler, HostilePsc, Lie, Reply, hostile_psc, say_json
from tests.adapters.psc.test_provider import NOW, SECONDS, HandClock, log_in, settings_for
from tests.limits import within


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with hostile_psc(SECONDS) as server:
        yield server


def provider_for(psc: HostilePsc, at_once: int = 8, in_all: float = 10.0) -> PscProvider:
    settings = replace(settings_for(psc), at_once=at_once, timeout=timedelta(seconds=in_all))
    return psc_provider(settings, clock=HandClock())


def test_sign_in_that_waited_its_time_asks_no_next_question(psc: HostilePsc) -> None:
    def late(handler: Handler) -> None:
        psc.stopping.wait(0.3)
        say_json(psc.tokens())(handler)

    provider = provider_for(psc, in_all=0.2)
    psc.lie = Lie(instead={"token": late})
    with pytest.raises(UpstreamUnavailable, match="too slow in all"):
        log_in(provider, psc)
    assert (psc.calls("token"), psc.calls("userinfo")) == (1, 0)
    psc.lie = Lie()
    assert log_in(provider_for(psc), psc).rpps


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
