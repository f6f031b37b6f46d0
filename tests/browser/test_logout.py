"""Signing out in real Chromium: the other application sees it, whatever way it is told, and the browser comes back."""

import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
import requests
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.support.wait import WebDriverWait

from tests.adapters.http.far_machine import FarMachine, far_machine, say
from tests.browser.conftest import Window
from tests.demonstration import Demonstration
from tests.limits import within

VIA, SIBLING = "viatrajectoire", "grand-age"
SECRET = "secret of a relying party that is slow, 0123456789"
_VERIFIER = "v" * 43
_CHALLENGE = urlsafe_b64encode(sha256(_VERIFIER.encode()).digest()).rstrip(b"=").decode()
Chromium = Callable[..., Window]


def home(demo: Demonstration, client_id: str) -> str:
    return str(demo.client(client_id)["home"])


def press(window: Window, words: str) -> None:
    """As soon as it is there."""
    waiting = WebDriverWait(
        window.driver, within(20), ignored_exceptions=(AssertionError, WebDriverException)
    )
    waiting.until(lambda _driver: window.press(words) is None)


def wait_for_text(window: Window, words: str) -> None:
    waiting = WebDriverWait(window.driver, within(20), ignored_exceptions=(WebDriverException,))
    waiting.until(lambda _driver: words in window.text)


def sign_in(window: Window, demo: Demonstration) -> None:
    window.open(home(demo, VIA))
    press(window, "Se connecter")
    press(window, "Se connecter par CPS")
    wait_for_text(window, "Vous êtes connecté")
    window.open(home(demo, SIBLING))
    press(window, "Se connecter")
    wait_for_text(window, "Vous êtes connecté")


def wait_for_url(window: Window, beginning: str) -> None:
    WebDriverWait(window.driver, within(20)).until(lambda _driver: window.url.startswith(beginning))


def copy_cookies(station: Window, elsewhere: Window) -> None:
    """As they are now. Both show a page of the service."""
    for cookie in station.driver.get_cookies():
        elsewhere.driver.add_cookie({"name": cookie["name"], "value": cookie["value"], "path": "/"})


def test_two_persons_at_one_browser_and_a_copy_of_its_cookies(
    demo: Demonstration, chromium: Chromium
) -> None:
    """Martin signs in by the card with two tabs open; cookies were copied before; Benali comes after him."""
    station, elsewhere = chromium(card="martin"), chromium()
    station.open(home(demo, SIBLING))
    press(station, "Se connecter")
    waiting = station.driver.current_window_handle
    station.driver.switch_to.new_window("tab")
    station.open(home(demo, VIA))
    press(station, "Se connecter")
    sign_in_page = station.url
    elsewhere.open(f"{demo.issuer}/")
    copy_cookies(station, elsewhere)
    elsewhere.open(sign_in_page)
    assert "Identifiez-vous" in elsewhere.title  # so far the copy is as good as the browser itself
    press(station, "Se connecter par CPS")
    wait_for_text(station, "Vous êtes connecté")
    elsewhere.open(sign_in_page)
    assert elsewhere.title.startswith("Cette connexion est déjà terminée")
    # The tab that was open before passes by single sign-on.
    station.driver.switch_to.window(waiting)
    station.driver.refresh()
    wait_for_text(station, "Vous êtes connecté")
    # The next person at the station, by password; the cookies are copied once more, between the two proofs.
    other = demo.account("benali")
    with closing(demo.mailbox()) as box:
        last = box.last_id(other["email"])
    station.open(f"{home(demo, VIA)}login?prompt=login")
    station.fill("username", other["rpps"])
    station.fill("current-password", other["password"])
    press(station, "Se connecter")
    wait_for_text(station, "Saisissez le code")
    code_page = station.url
    copy_cookies(station, elsewhere)
    with closing(demo.mailbox()) as box:
        station.fill("one-time-code", str(box.wait_for_code(other["email"], after=last)))
    press(station, "Valider")
    elsewhere.open(code_page)
    assert elsewhere.title.startswith("Cette connexion a continué sans cette page")


def wait_until_ended(window: Window, address: str) -> None:
    """The application was told by the worker that the session is over."""
    deadline = time.monotonic() + within(20)
    while True:
        window.open(address)
        if "fermée ailleurs" in window.text:
            return
        assert time.monotonic() < deadline, window.text


def test_signing_out_of_viatrajectoire_signs_out_of_trajectoire_grand_age(
    demo: Demonstration, chromium: Chromium
) -> None:
    window = chromium(card="martin")
    sign_in(window, demo)
    window.open(home(demo, VIA))
    window.press("Se déconnecter")
    wait_for_url(window, f"{home(demo, VIA)}signed-out?state=")
    wait_until_ended(window, home(demo, SIBLING))


@pytest.fixture
def slow_party(demo: Demonstration) -> Iterator[FarMachine]:
    """A relying party of the test, told in a frame; Trajectoire Grand Âge is told in a frame only as well."""
    path = demo.state / "clients.yaml"
    before = path.read_text()
    with far_machine() as machine:
        machine.reply = say(b"<p>ici</p>", media_type="text/html")
        own = f"http://localhost:{machine.port}"
        (demo.state / "secrets" / "slow").write_text(SECRET)
        head, sibling = before.split("client_id: grand-age")
        sibling = sibling.replace("    backchannel", "    # backchannel").replace("    # front", "    front")
        path.write_text(
            f"{head}client_id: grand-age{sibling}"
            "  - client_id: slow\n    client_name: Une application lente\n    client_secret: {file: secrets/slow}\n"
            f'    client_uri: {own}/\n    redirect_uris: ["{own}/callback"]\n'
            f"    frontchannel_logout_uri: {own}/front\n"
        )
        yield machine
        path.write_text(before)


def enter(window: Window, demo: Demonstration, party: FarMachine) -> None:
    """The test's own relying party: asks, and redeems its code."""
    address = f"http://localhost:{party.port}/callback"
    asked = {
        "client_id": "slow",
        "redirect_uri": address,
        "response_type": "code",
        "scope": "openid",
        "state": "s",
        "nonce": "n",
        "code_challenge": _CHALLENGE,
        "code_challenge_method": "S256",
    }
    window.open(f"{demo.issuer}/authorize?{urlencode(asked)}")
    wait_for_url(window, address)
    code = parse_qs(urlsplit(window.url).query)["code"][0]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": address,
        "code_verifier": _VERIFIER,
    }
    answer = requests.post(f"{demo.issuer}/token", form, auth=("slow", quote(SECRET)), timeout=within(20))
    assert answer.status_code == 200, answer.text


def test_every_frame_has_loaded_before_the_browser_goes_back_by_itself(
    demo: Demonstration, chromium: Chromium, slow_party: FarMachine
) -> None:
    window = chromium(card="martin")
    sign_in(window, demo)
    enter(window, demo, slow_party)
    finished = []

    def slowly(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(1.5)
        say(b"<p>dehors</p>", media_type="text/html")(handler)
        finished.append(handler.path)

    slow_party.reply = slowly
    window.open(home(demo, VIA))
    window.press("Se déconnecter")
    wait_for_url(window, f"{home(demo, VIA)}signed-out?state=")
    (frame,) = [path for path in finished if path.startswith("/front?")]
    told = parse_qs(urlsplit(frame).query)
    assert told["iss"] == [demo.issuer]
    assert told["sid"][0]
    assert "Vous êtes déconnecté" in window.text
    window.open(home(demo, SIBLING))
    assert "fermée ailleurs" in window.text


def test_page_on_the_way_is_no_dead_end_while_a_frame_is_slow(
    demo: Demonstration, chromium: Chromium, slow_party: FarMachine
) -> None:
    window = chromium(card="martin", page_load="none")
    sign_in(window, demo)
    enter(window, demo, slow_party)
    slow_party.reply = lambda _handler: slow_party.stopping.wait(60) and None
    window.open(f"{home(demo, VIA)}logout")
    wait_for_text(window, "Votre session est fermée")
    assert "Une application lente" in window.text
    assert not window.is_wider_than_phone()
    press(window, "Revenir à ViaTrajectoire")
    wait_for_url(window, f"{home(demo, VIA)}signed-out?state=")


def test_a_colleague_at_a_shared_station_is_asked_and_signs_in_as_herself(
    demo: Demonstration, chromium: Chromium
) -> None:
    window, colleague = chromium(card="martin"), demo.account("benali")
    window.open(demo.issuer)
    window.press("Déclarer ce poste partagé")
    window.open(home(demo, VIA))
    press(window, "Se connecter")
    press(window, "Se connecter par CPS")
    wait_for_text(window, "MARTIN")

    window.open(home(demo, SIBLING))
    press(window, "Se connecter")
    wait_for_text(window, "MARTIN ?")  # as the card or Pro Santé Connect writes the given name
    assert not window.is_wider_than_phone()
    window.press("Ce n'est pas moi")
    wait_for_text(window, "Identifiez-vous")
    mailbox = demo.mailbox()
    before = mailbox.last_id(colleague["email"])
    window.enter("Identifiant (numéro RPPS)", colleague["rpps"])
    window.enter("Mot de passe", colleague["password"])
    window.press("Se connecter")
    window.fill("one-time-code", mailbox.wait_for_code(colleague["email"], before, within(20)))
    mailbox.close()
    window.press("Valider")
    window.tick("J'ai lu et accepte les conditions ci-dessus")
    window.press("Valider")
    wait_for_text(window, "Vous êtes connecté")
    assert "BENALI" in window.text
    assert "MARTIN" not in window.text

    wait_until_ended(window, home(demo, VIA))
    press(window, "Se connecter")
    wait_for_text(window, "Vous êtes NADIA BENALI ?")
    window.press("Continuer")
    wait_for_text(window, "Vous êtes connecté")
    assert "BENALI" in window.text
