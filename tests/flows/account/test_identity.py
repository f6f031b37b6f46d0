"""« Mon identité »: read-only, with what proved it and when."""

from collections.abc import Callable

from bs4 import BeautifulSoup

from tests.adapters.psc.hostile_psc import HostilePsc
from tests.protocol.psc import by_psc, settings_of
from tests.provider import Provider


def test_it_names_its_source_its_day_and_every_proof(
    psc: HostilePsc, app_factory: Callable[..., Provider]
) -> None:
    house = app_factory(**settings_of(psc))
    browser = house.browser()
    by_psc(browser, psc)
    page = BeautifulSoup(browser.get("/account/identity").text, "html.parser")
    text = " ".join(page.get_text().split())
    assert "DUPONT-NŒL" in text
    assert "D'après Pro Santé Connect, le" in text
    assert "Ce qui a prouvé votre identité" in text
    assert "Pro Santé Connect (Médecin)" in text
    assert "votre ordre professionnel" in text
    assert not page.select("form, input")


def test_it_is_shown_to_nobody_else(provider: Provider) -> None:
    answered = provider.browser().get("/account/identity")
    assert answered.headers["Location"] == "/account/sign-in?to=identity"
