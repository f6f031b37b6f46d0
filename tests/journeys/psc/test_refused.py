"""Pro Santé Connect says no, says nothing, or identifies a person without an RPPS: a page each, and a way on."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
import requests

from sandbox.demo.driver import Browser, Page
from tests.demonstration import Demonstration
from tests.journeys import gestures as do
from tests.limits import within

Browse = Callable[..., Browser]


@pytest.fixture
def switch(demo: Demonstration) -> Iterator[Callable[..., None]]:
    """Make the simulator misbehave; set right again afterwards."""
    control = f"http://localhost:{urlsplit(demo.ready['psc']['issuer']).port}/simulateur/api"

    def turn(**switches: object) -> None:
        requests.put(f"{control}/switches", json=switches, timeout=within(10)).raise_for_status()

    yield turn
    requests.post(f"{control}/reset", timeout=within(10)).raise_for_status()


def leads_on_by_card(browser: Browser, demo: Demonstration) -> bool:
    """The page of the refusal has the card's door, and it works."""
    return do.is_at_home(do.by_card(browser), demo)


def at_psc(browse: Browse, demo: Demonstration) -> Browser:
    browser = browse("martin")
    do.arrive(browser, demo)
    return browser


def psc(browser: Browser) -> Page:
    return browser.submit("S'identifier avec Pro Santé Connect")


def test_cancelling_there_comes_back_to_the_doors(demo: Demonstration, browse: Browse) -> None:
    browser = at_psc(browse, demo)
    psc(browser)
    page = browser.submit("Annuler")
    assert (page.status, page.says("Identification abandonnée")) == (200, True)
    assert leads_on_by_card(browser, demo)


def test_rejecting_on_the_phone_then_cancelling_signs_nobody_in(demo: Demonstration, browse: Browse) -> None:
    browser = at_psc(browse, demo)
    psc(browser)
    browser.submit("Se connecter avec e-CPS", identifier=demo.card("martin")["rpps"])
    assert browser.submit("Rejeter").says("La demande a été rejetée sur le téléphone.")
    assert browser.submit("Annuler").says("Identification abandonnée")
    assert not do.is_signed_in(browser, demo)


@pytest.mark.parametrize("identity", ["cpe", "cpa", "adeli", "edit"])
def test_identity_without_rpps_is_told_so(demo: Demonstration, browse: Browse, identity: str) -> None:
    browser = at_psc(browse, demo)
    page = do.by_psc_card(browser, identity)
    assert (page.status, page.says("Aucun numéro RPPS n'a été transmis")) == (403, True)
    assert leads_on_by_card(browser, demo)


@pytest.mark.parametrize("fault", ["wrong_aud", "wrong_nonce", "wrong_iss", "expired", "bad_signature"])
def test_id_token_that_proves_nothing_signs_nobody_in(
    demo: Demonstration, browse: Browse, switch: Callable[..., None], fault: str
) -> None:
    switch(id_token=fault)
    browser = at_psc(browse, demo)
    page = do.by_psc_card(browser, "martin")
    assert (page.status, page.says("Pro Santé Connect n'a pas confirmé votre identité")) == (403, True)
    assert leads_on_by_card(browser, demo)


def test_userinfo_of_somebody_else_signs_nobody_in(
    demo: Demonstration, browse: Browse, switch: Callable[..., None]
) -> None:
    switch(userinfo_sub_mismatch=True)
    page = do.by_psc_card(at_psc(browse, demo), "martin")
    assert (page.status, page.says("Pro Santé Connect n'a pas confirmé votre identité")) == (403, True)


@pytest.mark.parametrize("outage", ["token", "userinfo"])
def test_outage_there_is_told_and_the_other_doors_stay_open(
    demo: Demonstration, browse: Browse, switch: Callable[..., None], outage: str
) -> None:
    browser = at_psc(browse, demo)
    switch(outage=outage)
    page = do.by_psc_card(browser, "martin")
    assert (page.status, page.says("Pro Santé Connect ne répond pas")) == (503, True)
    assert leads_on_by_card(browser, demo)


def test_answer_played_again_or_in_another_browser_signs_nobody_in(
    demo: Demonstration, browse: Browse
) -> None:
    browser = browse(stop_at=(f"{demo.issuer}/psc/callback",))
    do.arrive(browser, demo)
    callback = do.by_psc_card(browser, "martin").url
    browser.stop_at = ()
    thief = browse()
    do.arrive(thief, demo)
    assert thief.get(callback).status == 403
    assert not do.is_signed_in(thief, demo)
    # It was used up: the person is asked again, and nobody is in by a stolen answer.
    assert browser.get(callback).says("Identifiez-vous")
    assert not do.is_signed_in(browser, demo)


def test_answer_nobody_asked_for_is_a_page(demo: Demonstration, browse: Browse) -> None:
    for query in ("", "?state=x&code=y", "?error=access_denied", f"?state={'A' * 43}&code=x&iss=z"):
        page = browse().get(f"{demo.issuer}/psc/callback{query}")
        assert page.status in (400, 404), query
        assert page.says("Référence à donner à l'assistance")
