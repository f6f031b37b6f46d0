"""The pages a person meets at the simulator: card, phone, cancelling, languages, cookies."""

from collections.abc import Callable
from http.cookiejar import Cookie

from tests.sandbox.psc.driver import Browser, Psc


def test_phone_shows_the_number_of_the_page_and_signs_in(psc: Psc, browser: Browser) -> None:
    browser.ask()
    browser.submit("Se connecter avec e-CPS", identifier="99700 000 013")
    shown = [tag.get_text() for tag in browser.soup.select(".number strong")]
    assert len(shown) == 2
    assert shown[0] == shown[1]
    assert len(shown[0]) == 2
    assert "Téléphone simulé" in browser.text
    assert "Marie LEFEBVRE" in browser.text
    browser.submit("Confirmer")
    _, claims = psc.verified(psc.redeem(browser.answer()).json()["id_token"])
    assert (claims["authMode"], claims["SubjectNameID"]) == ("MOBILE", "899700000013")


def test_unknown_identifier_stays_in_its_field(browser: Browser) -> None:
    browser.ask()
    browser.submit("Se connecter avec e-CPS", identifier="12<34")
    field = browser.soup.select_one("#identifier[aria-invalid]")
    assert field is not None
    assert field["value"] == "12<34"
    assert "pas connu" in browser.text


def test_rejection_on_the_phone_leads_back_to_the_choice(browser: Browser) -> None:
    browser.ask()
    browser.by_phone("899700000013", "Rejeter")
    assert "rejetée" in browser.text
    assert browser.by_card()["code"]


def test_wrong_pin_counts_down_then_locks_that_card_until_reset(psc: Psc, browser: Browser) -> None:
    browser.ask()
    browser.follow("Carte CPS")
    for remark in ("restants : 2", "restants : 1", "bloquée", "bloquée"):
        browser.submit("Se connecter avec la carte", identity="kit", pin="0000")
        assert remark in browser.text
    browser.submit("Se connecter avec la carte", identity="kit", pin="1234")
    assert "bloquée" in browser.text
    browser.submit("Se connecter avec la carte", identity="lefebvre", pin="1234")
    assert browser.answer()["code"]
    psc.reset()
    browser.ask()
    assert browser.by_card("kit")["code"]


def test_cancelling_brings_access_denied_back(psc: Psc, browser: Browser) -> None:
    browser.ask(state="s-1")
    browser.submit("Annuler")
    answer = browser.answer()
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", "s-1", psc.issuer)
    assert "code" not in answer


def test_login_in_another_browser_or_already_over_is_a_page(browsers: Callable[[], Browser]) -> None:
    mine, other = browsers(), browsers()
    mine.ask()
    address = mine.page.url
    other.visit(address)
    assert other.page.status_code == 400
    mine.by_card()
    mine.visit(address)
    assert mine.page.status_code == 400
    assert "recommencez" in mine.text


def test_cookies_have_names_of_their_own_and_are_closed_to_scripts(browser: Browser) -> None:
    browser.ask()
    browser.by_card()
    cookies: list[Cookie] = list(browser.http.cookies)  # type: ignore[arg-type]  # stubs say str
    assert {cookie.name for cookie in cookies} == {"psc_sim_browser", "psc_sim_session"}
    for cookie in cookies:
        assert cookie.has_nonstandard_attr("HttpOnly")
        assert cookie.get_nonstandard_attr("SameSite") == "Lax"


def test_wallet_page_needs_no_script_and_speaks_english_too(browser: Browser) -> None:
    browser.ask()
    assert "PSC SIMULATEUR" in browser.text
    assert not browser.soup.find(["script", "style"])
    assert "default-src 'none'" in browser.page.headers["Content-Security-Policy"]
    for field in browser.soup.select("form input"):
        assert browser.soup.find("label", {"for": field["id"]})
    browser.follow("English")
    assert "Sign in" in browser.text
    browser.follow("CPS card")
    assert "PIN" in browser.text
