"""Every deviation of the adapter's list and each attack T16 to T20, met by the whole application.

None signs anybody in, none is a 500, and each leaves the person a way on.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from tests.adapters.psc.hostile_psc import HostilePsc, Lie, say_json
from tests.adapters.psc.test_provider import DEVIATIONS
from tests.protocol.psc import by_psc, go, listening, person, settings_of
from tests.provider import RPPS, Browser, Provider

_TIMES = {"exp", "iat", "nbf", "auth_time"}
#: Those that speak of a moment, or of a key set that is kept for one, have their own clock in the adapter's tests.
_TIMELESS = {
    name: lie
    for name, (_detail, lie) in DEVIATIONS.items()
    if not _TIMES & lie.claims.keys() and not lie.keys
}


@pytest.fixture(scope="module")
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        yield psc


@pytest.fixture(scope="module")
def house(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Provider:
    return app_factory(**settings_of(psc), psc_circuit_failures=10**6, psc_watch_wallet=False)


@pytest.fixture(autouse=True)
def honest(psc: HostilePsc) -> None:
    psc.lie, psc.now = person(), int(time.time())


def has_way_on(page: TestResponse) -> bool:
    soup = BeautifulSoup(page.text, "html.parser")
    return bool(soup.select("main form, main a"))


def is_signed_in(browser: Browser) -> bool:
    return "Session ouverte depuis" in browser.get("/").text


def assert_refused(browser: Browser, page: TestResponse, *statuses: int) -> None:
    assert page.status_code in statuses, page.status_code
    assert has_way_on(page)
    assert not is_signed_in(browser)
    assert "error=login_required" in browser.authorize(prompt="none").headers["Location"]


def about(lie: Lie) -> Lie:
    """The deviation, of the person who has an account: only the deviation can keep them out."""
    known = person()
    return replace(lie, claims={**known.claims, **lie.claims}, userinfo={**known.userinfo, **lie.userinfo})


@pytest.mark.parametrize("lie", _TIMELESS.values(), ids=_TIMELESS)
def test_deviation_signs_nobody_in_and_leaves_a_way_on(house: Provider, psc: HostilePsc, lie: Lie) -> None:
    psc.lie = about(lie)
    browser = house.browser()
    assert_refused(browser, by_psc(browser, psc), 403)


@pytest.mark.parametrize(
    "claims",
    [{"exp": 1}, {"iat": 9999999999}, {"nbf": 9999999999}, {"auth_time": 9999999999}, {"auth_time": 1}],
    ids=["expired", "of the future", "not yet", "identified tomorrow", "identified in 1970"],
)
def test_token_of_another_time_signs_nobody_in(
    house: Provider, psc: HostilePsc, claims: dict[str, int]
) -> None:
    psc.lie = about(Lie(claims=claims))
    browser = house.browser()
    assert_refused(browser, by_psc(browser, psc), 403)


def test_the_honest_person_is_signed_in(house: Provider, psc: HostilePsc) -> None:
    """Without this, every refusal above could have another reason."""
    browser = house.browser()
    assert "code=" in by_psc(browser, psc).headers["Location"]
    assert is_signed_in(browser)


# T16: login CSRF, code injection, callback replay.


def test_answer_of_the_attackers_own_sign_in_does_not_sign_the_victim_in_as_them(
    house: Provider, psc: HostilePsc
) -> None:
    attacker, victim = house.browser(), house.browser()
    callback = go(attacker, psc, attacker.follow(attacker.authorize()))
    victim.follow(victim.authorize())
    assert_refused(victim, victim.get(callback), 403)


def test_answer_without_the_cookie_that_began_is_refused(house: Provider, psc: HostilePsc) -> None:
    browser, bare = house.browser(), house.browser()
    callback = go(browser, psc, browser.follow(browser.authorize()))
    page = bare.get(callback)
    assert page.status_code == 400
    assert has_way_on(page)


def test_stolen_code_put_into_another_sign_in_is_refused(house: Provider, psc: HostilePsc) -> None:
    """PKCE: the code belongs to the verifier of the sign-in it was given in."""
    victim, attacker = house.browser(), house.browser()
    theirs = go(victim, psc, victim.follow(victim.authorize()))
    asked = psc.asked
    own = go(attacker, psc, attacker.follow(attacker.authorize()))
    state = parse_qs(urlsplit(own).query)["state"][0]
    code = parse_qs(urlsplit(theirs).query)["code"][0]
    psc.asked = asked  # The code is that of the victim's request.
    page = attacker.get(f"/psc/callback?{urlencode({'code': code, 'state': state})}")
    # Sent there again, once: as themselves.
    assert page.headers["Location"].startswith(f"{psc.origin}/auth?")
    assert not is_signed_in(attacker)
    assert "error=login_required" in attacker.authorize(prompt="none").headers["Location"]


def test_answer_played_again_goes_to_where_that_sign_in_stands(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    callback = go(browser, psc, browser.follow(browser.authorize()))
    browser.follow(browser.get(callback))
    calls = psc.calls("token")
    page = browser.follow(browser.get(callback))
    assert (page.status_code, "déjà terminée" in page.text) == (409, True)
    assert has_way_on(page)
    assert psc.calls("token") == calls


@pytest.mark.parametrize(
    "query",
    [
        "",
        "code=x",
        "state=x&code=y",
        "state=&code=y",
        "error=access_denied",
        "state=a&state=b&code=c",
        f"state={'s' * 9000}&code=c",
        "state=%00&code=c",
        "state=%ED%A0%80&code=c",
    ],
)
def test_answer_nobody_asked_for_is_a_page(house: Provider, query: str) -> None:
    browser = house.browser()
    page = browser.get(f"/psc/callback?{query}")
    assert page.status_code in (400, 404)
    assert has_way_on(page)
    assert not is_signed_in(browser)


# T17: mix-up.


@pytest.mark.parametrize("iss", ["https://evil.example", "", "HTTP://LOCALHOST"])
def test_answer_of_another_issuer_is_refused_before_its_code_is_used(
    house: Provider, psc: HostilePsc, iss: str
) -> None:
    browser = house.browser()
    callback = go(browser, psc, browser.follow(browser.authorize()))
    parameters = {name: values[0] for name, values in parse_qs(urlsplit(callback).query).items()}
    calls = psc.calls("token")
    page = browser.get(f"/psc/callback?{urlencode({**parameters, 'iss': iss})}")
    assert_refused(browser, page, 403)
    assert psc.calls("token") == calls


# T19: levels.


@pytest.mark.parametrize("acr", ["0", "1", "eidas3", "", ["eidas1"], None, 1, "EIDAS1", "eidas1 "])
def test_level_that_is_not_accepted_signs_nobody_in(house: Provider, psc: HostilePsc, acr: object) -> None:
    psc.lie = about(Lie(claims={"acr": acr}))
    browser = house.browser()
    assert_refused(browser, by_psc(browser, psc), 403)


@pytest.mark.parametrize(("is_accepted", "status"), [(False, 403), (True, 303)])
def test_absent_level_follows_the_operators_policy(
    psc: HostilePsc, app_factory: Callable[..., Provider], is_accepted: bool, status: int
) -> None:
    house = app_factory(**settings_of(psc), psc_accept_missing_acr=is_accepted)
    psc.lie = about(Lie(claims={"acr": ...}))
    assert by_psc(house.browser(), psc).status_code == status


# T20: what it costs us.


def test_flood_of_unknown_keys_costs_it_one_fetch(house: Provider, psc: HostilePsc) -> None:
    by_psc(house.browser(), psc)
    calls = psc.calls("jwks")
    psc.lie = about(Lie(header={"kid": "never-seen"}))
    for _ in range(5):
        browser = house.browser()
        assert_refused(browser, by_psc(browser, psc), 403)
    assert psc.calls("jwks") - calls <= 1


def test_refusal_there_says_nothing_of_it_on_the_page(house: Provider, psc: HostilePsc) -> None:
    secret = {"error": "invalid_request", "error_description": "<script>alert(1)</script>"}
    psc.lie = Lie(instead={"token": say_json(secret, 400)})
    page = by_psc(house.browser(), psc)
    assert "<script>" not in page.text
    assert "invalid_request" not in page.text
    assert RPPS not in page.text
