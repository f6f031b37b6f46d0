"""When no sign-in waits for Pro Santé Connect any more, which call finds out first, how it comes back by itself."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from idp.adapters.http.bounded import NoUsableAnswer, SafeHttp
from idp.adapters.psc.circuit import Circuits, GuardedHttp
from idp.adapters.psc.provider import PscProvider
from idp.interaction.upstream import UpstreamUnavailable
from idp.settings.psc import PscSettings
from tests.adapters.psc.chosen import psc_chosen, psc_provider
from tests.adapters.psc.hostile_psc import (
    CLIENT_ID,
    CLIENT_SECRET,
    OUTAGES,
    RPPS,
    HostilePsc,
    Lie,
    hang_up,
    hostile_psc,
    say_json,
    say_status,
    say_text,
)
from tests.fakes import FixedClock

A, B = "https://psc.test/token", "https://psc.test/userinfo"
QUICK = SafeHttp(connect_seconds=0.5, total_seconds=0.5)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def changes() -> list[bool]:
    return []


@pytest.fixture
def circuits(clock: FixedClock, changes: list[bool]) -> Circuits:
    return Circuits(clock=clock, failures=5, pause=timedelta(seconds=30), on_change=changes.append)


def fail(circuits: Circuits, url: str, times: int) -> None:
    for _ in range(times):
        circuits.failed(url)


def test_five_failures_in_a_row_open_it_for_thirty_seconds(circuits: Circuits, clock: FixedClock) -> None:
    fail(circuits, A, 4)
    assert circuits.admits(A)
    assert not circuits.is_out()
    fail(circuits, A, 1)
    assert circuits.is_out()
    assert not circuits.admits(A)
    clock.advance(seconds=29)
    assert not circuits.admits(A)
    clock.advance(seconds=1)
    assert circuits.admits(A)


def test_an_answer_in_between_begins_the_count_again(circuits: Circuits) -> None:
    fail(circuits, A, 4)
    circuits.answered(A)
    fail(circuits, A, 4)
    assert not circuits.is_out()


def test_answers_of_another_endpoint_excuse_nothing(circuits: Circuits) -> None:
    for _ in range(5):
        circuits.answered(A)
        circuits.failed(B)
    assert circuits.open_urls() == (B,)
    assert circuits.admits(A)


def test_after_the_pause_one_tries_and_the_others_wait(circuits: Circuits, clock: FixedClock) -> None:
    fail(circuits, A, 5)
    clock.advance(seconds=30)
    assert [circuits.admits(A) for _ in range(3)] == [True, False, False]
    circuits.failed(A)
    assert not circuits.admits(A)
    clock.advance(seconds=30)
    assert circuits.admits(A)
    circuits.answered(A)
    assert [circuits.admits(A) for _ in range(3)] == [True, True, True]


def test_a_try_nobody_came_back_from_blocks_it_for_one_pause_only(
    circuits: Circuits, clock: FixedClock
) -> None:
    fail(circuits, A, 5)
    clock.advance(seconds=30)
    assert circuits.admits(A)
    clock.advance(seconds=31)
    assert circuits.admits(A)


def test_outage_is_told_once_at_its_beginning_and_once_at_its_end(
    circuits: Circuits, changes: list[bool]
) -> None:
    fail(circuits, A, 9)
    fail(circuits, B, 9)
    assert changes == [True]
    circuits.answered(A)
    assert changes == [True]
    circuits.answered(B)
    assert changes == [True, False]


def test_failures_of_many_at_once_are_all_counted(circuits: Circuits, changes: list[bool]) -> None:
    threads = [threading.Thread(target=fail, args=(circuits, A, 50)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert circuits.failures_by_url() == {A: 400}
    assert changes == [True]


# Over HTTP.


@pytest.fixture
def psc(clock: FixedClock) -> Iterator[HostilePsc]:
    with hostile_psc(clock.at.timestamp()) as server:
        yield server


@pytest.mark.parametrize("reply", OUTAGES.values(), ids=OUTAGES)
def test_whatever_is_no_answer_counts(psc: HostilePsc, circuits: Circuits, reply: Any) -> None:
    guarded = GuardedHttp(QUICK, circuits)
    psc.lie = Lie(instead={"jwks": reply})
    url = psc.jwks_url()
    for _ in range(6):
        try:
            guarded.get(url, {}).json()
        except NoUsableAnswer:
            continue
    assert (psc.calls("jwks"), circuits.is_out()) == (5, True)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_is_an_answer(psc: HostilePsc, circuits: Circuits, status: int) -> None:
    psc.lie = Lie(instead={"jwks": say_json({"error": "x"}, status)})
    for _ in range(9):
        GuardedHttp(QUICK, circuits).get(psc.jwks_url(), {})
    assert not circuits.is_out()
    assert circuits.failures_by_url() == {}


def settings_for(psc: HostilePsc, **changes: Any) -> PscSettings:
    known: dict[str, Any] = {
        "issuer": psc.issuer,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "watch_wallet": False,
    }
    return psc_chosen(**{**known, **changes})


def at_once(act: Callable[[], None]) -> None:
    act()


@pytest.fixture
def provider(psc: HostilePsc, clock: FixedClock, changes: list[bool]) -> PscProvider:
    return psc_provider(
        settings_for(psc), clock=clock, http=QUICK, on_change=changes.append, run=lambda act: None
    )


def sign_in(provider: PscProvider, psc: HostilePsc, clock: FixedClock) -> str | None:
    psc.now = clock.at.timestamp()
    request = provider.begin(fresh=False)
    return provider.complete(psc.authorize(request.url), request.pending, now=clock.at).rpps


@pytest.mark.parametrize("endpoint", ["token", "userinfo"])
def test_five_sign_ins_that_fail_spare_the_sixth_the_journey(
    provider: PscProvider, psc: HostilePsc, clock: FixedClock, changes: list[bool], endpoint: str
) -> None:
    psc.lie = Lie(instead={endpoint: say_status(503)})
    for _ in range(5):
        with pytest.raises(UpstreamUnavailable):
            sign_in(provider, psc, clock)
    assert (provider.is_out(), changes) == (True, [True])
    with pytest.raises(UpstreamUnavailable, match="circuit open"):
        provider.begin(fresh=False)
    assert psc.calls(endpoint) == 5


@pytest.mark.parametrize("endpoint", ["token", "userinfo"])
def test_it_is_back_for_whoever_insists_after_the_pause(
    provider: PscProvider, psc: HostilePsc, clock: FixedClock, changes: list[bool], endpoint: str
) -> None:
    psc.lie = Lie(instead={endpoint: hang_up})
    for _ in range(5):
        with pytest.raises(UpstreamUnavailable):
            sign_in(provider, psc, clock)
    clock.advance(seconds=30)
    with pytest.raises(UpstreamUnavailable, match="circuit open"):
        provider.begin(fresh=False)
    psc.lie = Lie()
    clock.advance(seconds=30)
    assert sign_in(provider, psc, clock) == RPPS
    assert changes == [True, False]


def test_refused_sign_ins_never_make_an_outage(
    provider: PscProvider, psc: HostilePsc, clock: FixedClock
) -> None:
    psc.lie = Lie(instead={"token": say_json({"error": "invalid_grant"}, 400)})
    for _ in range(9):
        with pytest.raises(Exception, match="invalid_grant"):
            sign_in(provider, psc, clock)
    assert not provider.is_out()


@pytest.mark.parametrize("status", [400, 403, 406])
def test_codes_that_a_firewall_there_refuses_with_a_page_shut_the_door_for_nobody_else(
    provider: PscProvider, psc: HostilePsc, clock: FixedClock, changes: list[bool], status: int
) -> None:
    """Any user of a browser chooses the code: « ' OR 1=1 -- », five times, and no account is needed."""
    psc.lie = Lie(instead={"token": say_text("<html>Request rejected", "text/html", status)})
    for _ in range(9):
        with pytest.raises(UpstreamUnavailable):
            sign_in(provider, psc, clock)
    assert (provider.is_out(), changes) == (False, [])
    psc.lie = Lie()
    assert sign_in(provider, psc, clock) == RPPS


def test_health_tells_outcomes_and_failures(
    provider: PscProvider, psc: HostilePsc, clock: FixedClock
) -> None:
    sign_in(provider, psc, clock)
    psc.lie = Lie(instead={"token": say_status(503)})
    with pytest.raises(UpstreamUnavailable):
        sign_in(provider, psc, clock)
    health = provider.health()
    assert health.outcomes == {"completed": 1, "unavailable": 1}
    assert list(health.failures.values()) == [1]
    assert not health.is_out


# The look beside the pages.


def watching(psc: HostilePsc, clock: FixedClock, **changes: Any) -> tuple[PscProvider, list[bool]]:
    told: list[bool] = []
    settings = settings_for(psc, **changes)
    return psc_provider(settings, clock=clock, http=QUICK, on_change=told.append, run=at_once), told


def test_a_page_finds_the_outage_before_anybody_falls_into_it(psc: HostilePsc, clock: FixedClock) -> None:
    provider, told = watching(psc, clock, circuit_failures=2)
    assert not provider.is_out()
    psc.lie = Lie(instead={"discovery": say_status(503)})
    assert not provider.is_out()  # The last look is young.
    clock.advance(seconds=30)
    assert provider.is_out()
    assert told == [True]


def test_it_comes_back_alone_while_people_look_at_the_page(psc: HostilePsc, clock: FixedClock) -> None:
    provider, told = watching(psc, clock, circuit_failures=1)
    psc.lie = Lie(instead={"discovery": say_status(503)})
    assert provider.is_out()
    looks = psc.calls("discovery")
    for _ in range(5):
        assert provider.is_out()
    assert psc.calls("discovery") == looks  # Nobody hammers it.
    clock.advance(seconds=30)
    assert provider.is_out()
    assert psc.calls("discovery") == looks + 1
    psc.lie = Lie()
    clock.advance(seconds=30)
    assert not provider.is_out()
    assert told == [True, False]


def test_the_wallet_is_looked_at_too_and_may_answer_in_html(psc: HostilePsc, clock: FixedClock) -> None:
    provider, _told = watching(psc, clock, circuit_failures=1, watch_wallet=True)
    psc.lie = Lie(instead={"wallet": say_text("<html>Paramètre manquant", "text/html", 400)})
    provider.begin(fresh=False)
    assert not provider.is_out()
    # A Keycloak keeps a LOGIN_ERROR of each GET, and of each HEAD; a server may know no OPTIONS.
    assert [one.method for one in psc.seen if one.endpoint == "wallet"] == ["OPTIONS"]
    psc.lie = Lie(instead={"wallet": say_text("<html>No such method", "text/html", 501)})
    clock.advance(seconds=30)
    assert not provider.is_out()
    psc.lie = Lie(instead={"wallet": say_text("<html>Maintenance", "text/html", 503)})
    clock.advance(seconds=30)
    assert provider.is_out()
    with pytest.raises(UpstreamUnavailable):
        provider.begin(fresh=False)


def test_the_wallet_is_looked_at_before_anybody_was_sent_there(psc: HostilePsc, clock: FixedClock) -> None:
    psc.lie = Lie(instead={"wallet": say_status(503)})
    provider, told = watching(psc, clock, circuit_failures=1, watch_wallet=True)
    assert provider.is_out()
    assert told == [True]


def test_the_wallet_is_left_alone_where_this_machine_cannot_reach_it(
    psc: HostilePsc, clock: FixedClock
) -> None:
    provider, _told = watching(psc, clock, watch_wallet=False)
    provider.begin(fresh=False)
    clock.advance(minutes=5)
    provider.is_out()
    assert psc.calls("wallet") == 0
