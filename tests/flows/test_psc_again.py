"""When another try helps and when it does not: begun again without a word, once; refused twice in a row."""

import time
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from tests.adapters.psc.hostile_psc import HostilePsc, Lie
from tests.protocol.psc import by_psc, go, listening, person, settings_of
from tests.provider import Browser, Provider

RETRY = "Réessayer avec Pro Santé Connect"
REFERENCE = "Référence à donner à l'assistance"


@pytest.fixture(scope="module")
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        yield psc


@pytest.fixture(scope="module")
def house(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Provider:
    return app_factory(**settings_of(psc), psc_watch_wallet=False)


@pytest.fixture(autouse=True)
def honest(psc: HostilePsc) -> None:
    psc.lie, psc.now = person(), int(time.time())


@pytest.fixture
def browser(house: Provider) -> Browser:
    return house.browser()


def buttons(page: TestResponse) -> set[str]:
    soup = BeautifulSoup(page.text, "html.parser")
    return {" ".join(button.get_text().split()) for button in soup.find_all("button")}


def words(page: TestResponse) -> str:
    return " ".join(BeautifulSoup(page.text, "html.parser").get_text().split())


def asked(answer: TestResponse) -> dict[str, str]:
    """The authorization request that this redirect is."""
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def expired(browser: Browser, psc: HostilePsc, left: TestResponse) -> TestResponse:
    """Keycloak's answer to a person who signed in in another tab meanwhile."""
    back = psc.authorize(left.headers["Location"])
    error = {"error": "temporarily_unavailable", "error_description": "authentication_expired"}
    return browser.get(f"/psc/callback?{urlencode({**error, 'state': back['state']})}")


def leave(browser: Browser, **wished: str) -> TestResponse:
    return browser.submit(browser.follow(browser.authorize(**wished)), "/psc")


def test_expired_identification_begins_again_without_a_word_and_signs_in(
    browser: Browser, psc: HostilePsc
) -> None:
    left = leave(browser)
    again = expired(browser, psc, left)
    assert again.headers["Location"].startswith(f"{psc.origin}/auth?")
    assert {asked(left)[name] != asked(again)[name] for name in ("state", "nonce", "code_challenge")} == {
        True
    }
    callback = f"/psc/callback?{urlencode(psc.authorize(again.headers['Location']))}"
    assert "code=" in browser.follow(browser.get(callback)).headers["Location"]


def test_what_was_asked_of_the_first_identification_is_asked_of_the_second(
    browser: Browser, psc: HostilePsc
) -> None:
    left = leave(browser, prompt="login")
    assert asked(left)["prompt"] == asked(expired(browser, psc, left))["prompt"] == "login"


def test_second_expiry_is_told_and_never_a_loop(browser: Browser, psc: HostilePsc) -> None:
    page = expired(browser, psc, expired(browser, psc, leave(browser)))
    assert "Il faut recommencer l'identification" in words(page)
    assert "ne répond pas" not in page.text
    assert RETRY in buttons(page)
    # The click is the person's; what it leads to is told at once, and does not begin without a word once more.
    page = expired(browser, psc, browser.submit(page, "/psc"))
    assert page.status_code == 403
    assert RETRY not in buttons(page)


def test_expiry_is_no_outage(house: Provider, browser: Browser, psc: HostilePsc) -> None:
    expired(browser, psc, leave(browser))
    assert "en panne" not in browser.follow(browser.authorize()).text


def test_first_refused_answer_gets_another_try_and_the_second_the_other_doors(
    browser: Browser, psc: HostilePsc
) -> None:
    psc.lie = Lie(claims={"acr": "eidas3"})
    first = by_psc(browser, psc)
    assert "Réessayez une fois" in first.text
    assert RETRY in buttons(first)
    assert REFERENCE in words(first)
    # From the same browser: the person may as well have begun again from the application.
    for second in (by_psc(browser, psc, first), by_psc(browser, psc)):
        assert "Réessayez" not in second.text
        assert RETRY not in buttons(second)
        assert "Se connecter" in buttons(second)
        assert REFERENCE in words(second)
        assert "l'assistance de l'application" in words(second)


def test_refusals_of_another_browser_are_not_counted(house: Provider, psc: HostilePsc) -> None:
    psc.lie = Lie(claims={"acr": "eidas3"})
    for _ in range(2):
        assert "Réessayez une fois" in by_psc(house.browser(), psc).text


def test_sign_in_in_between_ends_the_row(browser: Browser, psc: HostilePsc) -> None:
    psc.lie = Lie(claims={"acr": "eidas3"})
    by_psc(browser, psc)
    psc.lie = person()
    assert "code=" in by_psc(browser, psc).headers["Location"]
    psc.lie = Lie(claims={"acr": "eidas3"})
    assert (
        "Réessayez une fois" in by_psc(browser, psc, browser.follow(browser.authorize(prompt="login"))).text
    )


def test_abandoned_identification_is_no_refusal(browser: Browser, psc: HostilePsc) -> None:
    for _ in range(2):
        callback = go(browser, psc, browser.follow(browser.authorize()))
        page = browser.get(callback.replace("code=", "error=access_denied&x="))
        assert (page.status_code, RETRY in buttons(page)) == (200, True)


@pytest.mark.parametrize(
    ("agent", "is_told"),
    [
        ("Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 Chrome/126.0.0.0 Mobile", True),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0", False),
        ("", False),
    ],
)
def test_on_android_the_page_says_that_saving_battery_may_cut_the_way_back(
    browser: Browser, psc: HostilePsc, agent: str, is_told: bool
) -> None:
    callback = go(browser, psc, browser.follow(browser.authorize()))
    abandoned = callback.replace("code=", "error=access_denied&x=")
    page = browser.get(abandoned, headers={"User-Agent": agent})
    assert ("économiseur de batterie" in page.text) is is_told
