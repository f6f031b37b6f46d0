"""A browser that keeps no cookies is told so at the first page that would need one, and by no other page."""

from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import Client, TestResponse

from tests.provider import ISSUER, Browser, Provider, app_factory, provider, templates

__all__ = ["app_factory", "provider", "templates"]

TITLE = "La connexion ne peut pas continuer sans cookie"


def without(house: Provider) -> Browser:
    """A browser that refuses every cookie."""
    browser = house.browser()
    browser.client = Client(house.app, TestResponse, use_cookies=False)
    return browser


def heading(page: TestResponse) -> str:
    found = BeautifulSoup(page.text, "html.parser").h1
    assert found is not None, page.text
    return found.get_text()


def links(page: TestResponse) -> dict[str, str]:
    return {
        " ".join(one.get_text().split()): str(one["href"])
        for one in BeautifulSoup(page.text, "html.parser").select("main a")
    }


def test_a_sign_in_says_so_before_anything_is_typed_with_the_way_back(provider: Provider) -> None:
    browser = without(provider)
    page = browser.follow(browser.authorize())
    assert (page.status_code, heading(page)) == (400, TITLE)
    assert "essayez un autre navigateur" in page.text
    assert links(page)["Revenir à ViaTrajectoire"] == "https://trajectoire.example/"
    assert not BeautifulSoup(page.text, "html.parser").select("main form")


@pytest.mark.parametrize(
    "path", ["/account/sign-in", "/account/email", "/account/data", "/account/proof?to=data"]
)
def test_our_own_pages_say_so_as_well_and_lead_to_the_sign_in(provider: Provider, path: str) -> None:
    browser = without(provider)
    page = browser.follow(browser.get(path))
    assert (page.status_code, heading(page)) == (400, TITLE)
    assert links(page)["Réessayer"] == "/account/sign-in"


def test_a_form_of_a_page_that_needs_no_sign_in_says_so(provider: Provider) -> None:
    browser = without(provider)
    page = browser.submit(browser.get("/"), "/station", shared="1")
    assert (page.status_code, heading(page)) == (400, TITLE)


def test_in_english_too(provider: Provider) -> None:
    browser = without(provider)
    at = browser.authorize(ui_locales="en").headers["Location"]
    page = browser.get(at, headers={"Accept-Language": "en"})
    assert heading(page) == "The sign-in cannot go on without a cookie"


def begun(house: Provider) -> tuple[Browser, str]:
    browser = house.browser()
    return browser, browser.authorize().headers["Location"]


def of_another(house: Provider) -> tuple[Browser, str]:
    """One that has been here, and opens the address of another's sign-in."""
    browser = house.browser()
    browser.get("/")
    return browser, begun(house)[1]


def finished(house: Provider) -> tuple[Browser, str]:
    browser = house.browser()
    page = browser.follow(browser.authorize())
    browser.prove(page)
    return browser, page.request.path


def unknown(house: Provider) -> tuple[Browser, str]:
    """From a bookmark of last week."""
    return house.browser(), f"/interaction/{'x' * 43}/choice"


@pytest.mark.parametrize(
    ("opened", "status", "words"),
    [
        (begun, 200, "Identifiez-vous"),
        (of_another, 403, "dans un autre navigateur"),
        (finished, 409, "déjà terminée"),
        (unknown, 404, "Aucune connexion en cours"),
    ],
)
def test_no_other_page_says_so(
    provider: Provider, opened: Callable[[Provider], tuple[Browser, str]], status: int, words: str
) -> None:
    browser, path = opened(provider)
    page = browser.follow(browser.get(path))
    assert (page.status_code, words in heading(page)) == (status, True), heading(page)


def test_whose_sign_in_another_browser_began_is_not_told(provider: Provider) -> None:
    browser, path = of_another(provider)
    assert "ViaTrajectoire" not in browser.client.get(path, base_url=ISSUER).text
