"""The same answer of Pro Santé Connect twice, as by « reload » while it is slow: one sign-in, and one use of its code.

On two nodes of one database, which share nothing else. Not here: a second identification (`test_copied_cookie`).
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.app import assemble
from idp.wiring.parts import Parts, build_parts
from tests.adapters.psc.hostile_psc import Handler, HostilePsc, Lie, say_json, say_status
from tests.flows.test_clocks_of_nodes import ShiftedClock
from tests.flows.test_copied_cookie import WENT_ON, copied, title
from tests.limits import within
from tests.protocol.psc import facts, go, listening, person, settings_of
from tests.provider import Browser, Provider
from tests.servers import redis_server

WAITING = "Identification en cours"
NEWCOMER = "99700218896"


@pytest.fixture(scope="module")
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        yield psc


@pytest.fixture(autouse=True)
def honest(psc: HostilePsc) -> None:
    psc.lie, psc.now = person(), int(time.time())
    psc.seen.clear()


@pytest.fixture(scope="module")
def settings(psc: HostilePsc) -> dict[str, Any]:
    return {
        **settings_of(psc),
        "psc_watch_wallet": False,
        "psc_circuit_failures": 10**6,
        "enrolment_from_psc": True,
    }


@pytest.fixture(scope="module", params=["sql", "redis"])
def house(
    request: pytest.FixtureRequest, settings: dict[str, Any], app_factory: Callable[..., Provider]
) -> Iterator[Provider]:
    if request.param == "sql":
        yield app_factory(**settings)
    else:
        with redis_server() as server:
            yield app_factory(**settings, redis=server.url)


@pytest.fixture(scope="module")
def other_node(house: Provider) -> Provider:
    return replace(house, app=assemble(build_parts(house.settings)))


def on(node: Provider, browser: Browser) -> Browser:
    """The browser as it is now, whose next requests reach this node; what it is answered elsewhere never arrives."""
    again = node.browser()
    for cookie in vars(browser.client)["_cookies"].values():
        again.client.set_cookie(cookie.key, cookie.value, domain="localhost")
    return again


def arrived(house: Provider, psc: HostilePsc) -> tuple[Browser, str]:
    browser = house.browser()
    return browser, go(browser, psc, browser.follow(browser.authorize()))


@dataclass(frozen=True)
class Slow:
    asked: threading.Event
    may_answer: threading.Event


@contextmanager
def slow(psc: HostilePsc) -> Iterator[Slow]:
    """Its token endpoint answers when it is told to."""
    held = Slow(threading.Event(), threading.Event())

    def wait(handler: Handler) -> None:
        held.asked.set()
        held.may_answer.wait(within(10))
        say_json(psc.tokens())(handler)

    psc.lie = replace(psc.lie, instead={**psc.lie.instead, "token": wait})
    try:
        yield held
    finally:
        held.may_answer.set()


@contextmanager
def under_way(psc: HostilePsc, browser: Browser, callback: str) -> Iterator[Future[TestResponse]]:
    """The first of two, at which Pro Santé Connect takes its time until the end of the block."""
    with ThreadPoolExecutor(1) as thread, slow(psc) as held:
        first = thread.submit(browser.get, callback)
        assert held.asked.wait(within(10))
        yield first


def is_signed_in(answer: TestResponse) -> bool:
    return "code=" in answer.headers.get("Location", "")


def test_reloaded_while_it_is_slow_it_waits_and_signs_in(
    house: Provider, other_node: Provider, psc: HostilePsc
) -> None:
    for node in (house, other_node):
        psc.seen.clear()
        browser, callback = arrived(house, psc)
        reloading = on(node, browser)
        with under_way(psc, browser, callback):
            for _ in range(2):
                page = reloading.get(callback)
                assert (page.status_code, title(page).startswith(WAITING)) == (200, True)
                assert page.headers["Refresh"] == "2"
                # For a browser that does not, a link to this very address; and no code in the text of the page.
                (link,) = BeautifulSoup(page.text, "html.parser").select("main a")
                assert link["href"] == ""
                assert callback.partition("code=")[2].partition("&")[0] not in page.text
        end = reloading.follow(reloading.get(callback))
        assert is_signed_in(end)
        assert (
            house.exchange(end.headers["Location"].partition("code=")[2].partition("&")[0]).status_code == 200
        )
        assert (psc.calls("token"), psc.calls("userinfo")) == (1, 1)


def test_an_answer_of_ours_that_was_lost_is_given_again(
    house: Provider, other_node: Provider, psc: HostilePsc
) -> None:
    browser, callback = arrived(house, psc)
    on(house, browser).get(callback)
    # Lost once more; then twice at once, of which each leads on.
    on(other_node, browser).get(callback)
    ends = [(one, one.get(callback)) for one in (on(house, browser), on(other_node, browser))]
    assert is_signed_in(ends[0][0].follow(ends[0][1]))
    assert ends[1][0].follow(ends[1][1]).status_code == 409
    assert psc.calls("token") == 1


def test_of_two_at_once_both_tabs_end_in_the_sign_in(house: Provider, psc: HostilePsc) -> None:
    browser, callback = arrived(house, psc)
    tabs = [on(house, browser) for _ in range(2)]
    start = threading.Barrier(2)

    def click(tab: Browser) -> TestResponse:
        start.wait(within(10))
        return tab.get(callback)

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(click, tabs))
    assert {answer.status_code for answer in answers} <= {200, 303}
    ends = [
        tab.follow(tab.get(callback) if answer.status_code == 200 else answer)
        for tab, answer in zip(tabs, answers, strict=True)
    ]
    # The first to go on ends the sign-in, and the other is told that it did.
    assert sorted(end.status_code for end in ends) == [303, 409]
    assert psc.calls("token") == 1


def test_who_has_no_account_is_at_the_enrolment_all_the_same(house: Provider, psc: HostilePsc) -> None:
    psc.lie = person(NEWCOMER)
    browser, callback = arrived(house, psc)
    on(house, browser).get(callback)
    page = browser.follow(browser.get(callback))
    assert (page.status_code, page.request.path.rpartition("/")[2]) == (200, "enrolment")


def test_a_refusal_is_shown_again_and_counted_once(house: Provider, psc: HostilePsc) -> None:
    psc.lie = Lie(instead={"userinfo": say_status(503)})
    browser, callback = arrived(house, psc)
    told = len(facts(house, "psc:login:refused"))
    first = on(house, browser).get(callback)
    for _ in range(2):
        page = browser.get(callback)
        assert (page.status_code, title(page)) == (503, title(first))
    assert len(facts(house, "psc:login:refused")) == told + 1
    assert psc.calls("token") == 1
    # Once there was another try, it is over: what is due says more.
    psc.lie = person()
    browser.get(go(browser, psc, page))
    assert is_signed_in(browser.follow(browser.get(callback)))


def test_who_is_sent_there_again_is_sent_to_the_same(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    left = browser.submit(browser.follow(browser.authorize()), "/psc")
    state = psc.authorize(left.headers["Location"])["state"]
    error = {"error": "temporarily_unavailable", "error_description": "authentication_expired"}
    callback = f"/psc/callback?{urlencode({**error, 'state': state})}"
    first = on(house, browser).get(callback)
    assert browser.get(callback).headers["Location"] == first.headers["Location"]
    assert first.headers["Location"].startswith(psc.origin)


def test_another_browser_gets_nothing_of_it(house: Provider, psc: HostilePsc) -> None:
    browser, callback = arrived(house, psc)
    bare, other = house.browser(), house.browser()
    other.follow(other.authorize())
    with under_way(psc, browser, callback) as first:
        for thief in (bare, other):
            answer = thief.follow(thief.get(callback))
            assert (answer.status_code, WAITING in answer.text) in {(400, False), (403, False)}
    for thief in (bare, other):
        assert thief.follow(thief.get(callback)).status_code in (400, 403)
    assert is_signed_in(browser.follow(first.result()))


def test_what_came_first_to_another_browser_keeps_nobody_waiting(house: Provider, psc: HostilePsc) -> None:
    browser, callback = arrived(house, psc)
    other = house.browser()
    other.follow(other.authorize())
    assert other.get(callback).status_code == 403
    page = browser.follow(browser.get(callback))
    assert (page.status_code, page.request.path.rpartition("/")[2]) == (200, "choice")
    assert psc.calls("token") == 0


@pytest.mark.parametrize("changed", [{"code": "another"}, {"iss": "x"}, {"error": "access_denied"}])
def test_a_copy_of_the_cookie_without_that_very_answer_opens_nothing(
    house: Provider, psc: HostilePsc, changed: dict[str, str]
) -> None:
    browser, callback = arrived(house, psc)
    thief, state = copied(browser), callback.partition("state=")[2].partition("&")[0]
    with under_way(psc, browser, callback):
        guess = f"/psc/callback?{urlencode({'state': state, **changed})}"
        assert WAITING not in thief.follow(thief.get(guess)).text
    page = thief.follow(thief.get(guess))
    assert (page.status_code, WENT_ON in page.text) == (403, True)
    assert psc.calls("token") == 1


def test_an_identification_of_somebody_else_opens_nothing(house: Provider, psc: HostilePsc) -> None:
    """Begun under the same cookie by who copied it, and brought after the victim's: once, and again."""
    victim = house.browser()
    choice = victim.follow(victim.authorize())
    thief = copied(victim)
    psc.lie = person(NEWCOMER)
    theirs = go(thief, psc, choice)
    asked = psc.asked
    psc.lie = person()
    proved = victim.get(go(victim, psc, choice))
    psc.lie, psc.asked = person(NEWCOMER), asked
    for _ in range(2):
        assert thief.follow(thief.get(theirs)).status_code == 403
    assert is_signed_in(victim.follow(proved))


def test_an_answer_is_given_again_for_a_moment_only(
    settings: dict[str, Any], psc: HostilePsc, app_factory: Callable[..., Provider]
) -> None:
    house = app_factory(**settings, psc_answer_again=timedelta(0))
    browser, callback = arrived(house, psc)
    on(house, browser).get(callback)
    assert browser.follow(browser.get(callback)).status_code == 403


def _later(house: Provider, seconds: int) -> Parts:
    parts = build_parts(house.settings)
    clock = ShiftedClock(timedelta(seconds=seconds))
    return replace(parts, resources=replace(parts.resources, clock=clock))


def test_nobody_waits_longer_than_an_answer_may_take(house: Provider, psc: HostilePsc) -> None:
    """A process that died with it: nothing will come."""
    browser, callback = arrived(house, psc)
    with under_way(psc, browser, callback):
        late = replace(house, app=assemble(_later(house, 16)))
        page = (again := on(late, browser)).follow(again.get(callback))
        assert (page.status_code, page.request.path.rpartition("/")[2]) == (200, "choice")


def test_cancelled_while_it_is_under_way_nobody_is_signed_in(house: Provider, psc: HostilePsc) -> None:
    browser, callback = arrived(house, psc)
    with under_way(psc, on(house, browser), callback) as first:
        end = browser.submit(browser.get(callback), "/cancel")
        assert "error=access_denied" in end.headers["Location"]
    assert first.result().status_code == 409
    assert browser.follow(browser.get(callback)).status_code == 409
