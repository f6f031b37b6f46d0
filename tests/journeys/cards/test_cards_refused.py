"""Every card gets exactly the answer its `expect` says; and no link, token or header brings a card over to anyone."""

import base64
import json
import time
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from sandbox.demo.driver import Browser, Page
from sandbox.igc.roster import roster
from tests.demonstration import ROOT, Demonstration
from tests.journeys import gestures as do
from tests.limits import within

Browse = Callable[..., Browser]
WORDS: Mapping[str, Any] = tomllib.loads((ROOT / "idp/templates/messages.fr.toml").read_text("utf-8"))
CARDS = {plan.name: plan.expect for plan in roster()}
PRESENTATION = "/cps?presentation="


def refused(page: Page, reason: str) -> bool:
    """The page of that reason and of no other."""
    return page.status == 403 and page.title == f"Erreur : {WORDS['cps'][reason]['title']} – Caducée"


def test_roster_and_ready_file_speak_of_the_same_cards(demo: Demonstration) -> None:
    assert {card["name"]: card["expect"] for card in demo.ready["cards"]} == CARDS


@pytest.mark.parametrize("name", [name for name, expect in CARDS.items() if expect == "accepted"])
def test_good_card_gets_in(demo: Demonstration, browse: Browse, name: str) -> None:
    """To the form, to the charter, or to the application: wherever its holder stands."""
    browser = browse(name)
    do.arrive(browser, demo)
    page = do.by_card(browser)
    assert page.status == 200
    assert page.field("new_password") or page.field("accepted") or do.is_at_home(page, demo), (
        f"{page.title} {page.url}"
    )


@pytest.mark.parametrize("name", [name for name, expect in CARDS.items() if expect != "accepted"])
def test_bad_card_gets_the_page_of_its_own_reason_and_a_way_on(
    demo: Demonstration, browse: Browse, name: str
) -> None:
    browser = browse(name)
    do.arrive(browser, demo)
    before = card_events(demo)
    page = do.by_card(browser)
    assert refused(page, CARDS[name]), page.title
    # One reason, one page, one audit event, with the certificate; what else the card says is beside it.
    shown = {"reason": CARDS[name], "certificate": fingerprint(demo.card(name))}
    ((event, facts),) = card_events(demo)[len(before) :]
    assert event == "card:login:refused"
    assert facts | shown == facts
    for line in WORDS["cps"][CARDS[name]]["text"].strip().splitlines():
        assert page.says(line)
    assert page.field("username") is not None
    # Another card in the reader, and the same page leads to the end.
    browser.card = browse("martin").card
    assert do.is_at_home(browser.submit("Réessayer avec ma carte"), demo)


def test_browser_without_a_card_hears_that_none_was_read(demo: Demonstration, browse: Browse) -> None:
    browser = browse()
    do.arrive(browser, demo)
    page = do.by_card(browser)
    assert refused(page, "none")
    assert page.document.form("S'identifier avec Pro Santé Connect", {})
    assert do.is_at_home(do.by_psc_card(browser, "martin"), demo)


def test_refused_card_leaves_whoever_is_signed_in_as_they_are(demo: Demonstration, browse: Browse) -> None:
    browser = browse("martin")
    do.arrive(browser, demo)
    do.by_card(browser)
    browser.card = browse("expired").card
    do.arrive(browser, demo, do.SIBLING, prompt="login")
    assert refused(do.by_card(browser), "expired")
    assert not do.is_signed_in(browser, demo, do.SIBLING)
    assert do.is_at_home(do.arrive(browser, demo, do.SIBLING), demo, do.SIBLING)


def card_events(demo: Demonstration) -> list[tuple[str, dict[str, str]]]:
    found = do.rows(demo, "SELECT event, facts FROM audit_events WHERE event LIKE 'card:%' ORDER BY id")
    return [(row["event"], json.loads(row["facts"])) for row in found]


def fingerprint(card: dict[str, Any]) -> str:
    pem = Path(card["certificate"]).read_bytes()
    return x509.load_pem_x509_certificate(pem).fingerprint(SHA256()).hex()


def stopped_at_card_host(browse: Browse, demo: Demonstration, card: str | None) -> tuple[Browser, str]:
    """A browser that was sent to the card host and did not go: its address there."""
    browser = browse(card, stop_at=(f"{demo.ready['card_host']}/card/",))
    do.arrive(browser, demo)
    attempt = do.by_card(browser).url
    assert "/card/" in attempt
    browser.stop_at = ()
    return browser, attempt


def stopped_before_the_return(browse: Browse, demo: Demonstration, card: str) -> tuple[Browser, str]:
    """A browser whose card was presented and that did not come back yet: the address of the return."""
    browser, attempt = stopped_at_card_host(browse, demo, card)
    browser.stop_at = (f"{demo.issuer}/interaction/",)
    back = browser.get(attempt).url
    assert PRESENTATION in back
    browser.stop_at = ()
    return browser, back


def test_attempt_is_good_for_one_handshake(demo: Demonstration, browse: Browse) -> None:
    browser, attempt = stopped_at_card_host(browse, demo, "martin")
    with do.tab(browser) as other:
        assert do.is_at_home(other.get(attempt), demo)
    page = browse("martin").get(attempt)
    assert (page.status, page.says("Cette connexion est déjà terminée")) == (409, True)
    assert browser.get(attempt).status == 409


def test_presentation_is_good_once(demo: Demonstration, browse: Browse) -> None:
    browser, back = stopped_before_the_return(browse, demo, "expired")
    assert refused(browser.get(back), "expired")
    assert refused(browser.get(back), "stale")
    browser.card = browse("martin").card
    assert do.is_at_home(browser.submit("Réessayer avec ma carte"), demo)
    assert browser.get(back).says("Cette connexion est déjà terminée")


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "%00", "%FF%FE", "é" * 50, "../../card"])
def test_presentation_nobody_gave_is_stale(demo: Demonstration, browse: Browse, token: str) -> None:
    browser = browse()
    path = do.interaction_path(do.arrive(browser, demo))
    assert refused(browser.get(f"{path}{PRESENTATION}{token}"), "stale")


def test_presentation_of_another_interaction_of_the_same_browser_is_a_mismatch(
    demo: Demonstration, browse: Browse
) -> None:
    browser, back = stopped_before_the_return(browse, demo, "martin")
    other = do.interaction_path(do.arrive(browser, demo, do.SIBLING))
    assert refused(browser.get(f"{other}{PRESENTATION}{back.partition('=')[2]}"), "mismatch")
    assert not do.is_signed_in(browser, demo, do.SIBLING)


def test_presentation_stolen_from_another_browser_signs_nobody_in(
    demo: Demonstration, browse: Browse
) -> None:
    _victim, back = stopped_before_the_return(browse, demo, "martin")
    thief = browse()
    own = do.interaction_path(do.arrive(thief, demo))
    assert thief.get(back).says("Cette connexion a commencé dans un autre navigateur")
    assert refused(thief.get(f"{own}{PRESENTATION}{back.partition('=')[2]}"), "mismatch")
    assert not do.is_signed_in(thief, demo)


def test_attempt_sent_to_a_victim_brings_no_card_to_the_sender(demo: Demonstration, browse: Browse) -> None:
    """The attacker begins, the victim follows the link with a card in the reader."""
    attacker, attempt = stopped_at_card_host(browse, demo, None)
    victim = browse("martin")
    do.arrive(victim, demo)
    page = victim.get(attempt)
    assert (page.status, page.says("Si quelqu'un vous a envoyé ce lien, ne continuez pas.")) == (403, True)
    assert not do.is_signed_in(victim, demo)
    # The sender saw the path of the interaction, never the token.
    assert attacker.get(attacker.page.url).says("Identifiez-vous")
    assert not do.is_signed_in(attacker, demo)
    assert do.arrive(attacker, demo).says("Identifiez-vous")


def test_attempt_sent_to_somebody_who_never_came_here_signs_nobody_in(
    demo: Demonstration, browse: Browse
) -> None:
    attacker, attempt = stopped_at_card_host(browse, demo, None)
    victim = browse("martin")
    assert victim.get(attempt).status == 400
    for browser in (attacker, victim):
        assert not do.is_signed_in(browser, demo)
        assert do.arrive(browser, demo).says("Identifiez-vous")


def test_attempt_taken_from_a_victim_signs_the_thief_in_as_nobody(
    demo: Demonstration, browse: Browse
) -> None:
    """The other way round: the victim begins, the thief goes to the card host with a card of their own."""
    victim, attempt = stopped_at_card_host(browse, demo, "martin")
    thief = browse("expired")
    do.arrive(thief, demo)
    assert thief.get(attempt).says("Cette connexion a commencé dans un autre navigateur")
    assert victim.get(attempt).says("Identifiez-vous")
    assert not do.is_signed_in(victim, demo)
    assert not do.is_signed_in(thief, demo)
    do.arrive(victim, demo)
    assert do.is_at_home(do.by_card(victim), demo)


def test_attempt_after_its_life_is_refused_and_the_card_gets_in_anew(
    short_lives: Demonstration, browse: Browse
) -> None:
    browser = browse("martin", at=short_lives, stop_at=(f"{short_lives.ready['card_host']}/card/",))
    do.arrive(browser, short_lives)
    path = do.interaction_path(browser.page)
    attempt = do.by_card(browser).url
    browser.stop_at = ()
    time.sleep(2.2)
    page = browser.get(attempt)
    assert (page.status, page.says("Aucune connexion en cours à cette adresse")) == (404, True)
    browser.get(f"{short_lives.issuer}{path}")
    assert do.is_at_home(do.by_card(browser), short_lives)


def certificate_headers(card: dict[str, Any]) -> list[dict[str, str]]:
    """A genuine certificate, in every header a proxy was ever known to use but the standard's."""
    pem = Path(card["certificate"]).read_text()
    names = (
        "X-SSL-Client-Cert",
        "X-Client-Cert",
        "SSL-Client-Cert",
        "X-Forwarded-Client-Cert",
        "Ssl_Client_Cert",
    )
    return [
        *({name: quote(pem)} for name in names),
        {"X-SSL-Client-Verify": "SUCCESS", "X-SSL-Client-S-DN": "CN=899700000021"},
    ]


def standard_header(card: dict[str, Any]) -> str:
    """RFC 9440 §2.1."""
    der = x509.load_pem_x509_certificate(Path(card["certificate"]).read_bytes()).public_bytes(Encoding.DER)
    return f":{base64.b64encode(der).decode()}:"


@pytest.mark.parametrize("name", ["Client-Cert", "Client-Cert-Chain"])
def test_standard_header_with_a_genuine_certificate_is_refused_and_audited(
    demo: Demonstration, name: str
) -> None:
    """From a browser, that is from anybody, at the pages and at our own card host."""
    headers = {name: standard_header(demo.card("martin"))}
    count = "SELECT count(*) AS n FROM audit_events WHERE event = 'card:header:refused'"
    before = do.rows(demo, count)[0]["n"]
    for address in (f"{demo.issuer}/interaction/x", f"{demo.ready['card_host']}/card/{'A' * 43}"):
        answer = requests.get(
            address,
            headers=headers,
            timeout=within(10),
            allow_redirects=False,
            verify=demo.ready["ca_bundle"],
        )
        assert answer.status_code == 400
        assert "MARTIN" not in answer.text
    assert do.rows(demo, count)[0]["n"] == before + 2


def test_header_with_a_genuine_certificate_changes_nothing_anywhere(
    demo: Demonstration, browse: Browse
) -> None:
    plain = browse()
    do.arrive(plain, demo)
    for headers in certificate_headers(demo.card("martin")):
        browser = browse(headers=headers)
        assert do.arrive(browser, demo).title == plain.page.title
        path = do.interaction_path(browser.page)
        assert refused(do.by_card(browser), "none"), headers
        for stop in ("", "/cps", "/charter", f"{PRESENTATION}{'A' * 43}"):
            page = browser.get(f"{demo.issuer}{path}{stop}")
            assert not page.says("MARTIN"), headers
        assert not do.is_signed_in(browser, demo)


def test_header_does_not_replace_the_card_of_the_handshake(demo: Demonstration, browse: Browse) -> None:
    for headers in certificate_headers(demo.card("martin")):
        browser = browse("expired", headers=headers)
        do.arrive(browser, demo)
        assert refused(do.by_card(browser), "expired"), headers


def test_card_host_knows_one_path_and_shows_nothing(demo: Demonstration) -> None:
    card = demo.card("martin")
    for path in (
        "/",
        "/card",
        "/card/",
        f"/card/{'A' * 42}",
        "/authorize",
        "/interaction/x",
        "/../etc/passwd",
        "/%00",
    ):
        answer = requests.get(
            f"{demo.ready['card_host']}{path}",
            verify=demo.ready["ca_bundle"],
            cert=(card["certificate"], card["key"]),
            timeout=within(10),
            allow_redirects=False,
        )
        assert (answer.status_code, answer.text) == (404, "not found"), path


def test_old_certificate_is_not_remembered_for_the_next_person(demo: Demonstration, browse: Browse) -> None:
    """A click, then a new handshake: nobody is signed in by what the browser did before."""
    browser = browse("martin")
    do.arrive(browser, demo)
    do.by_card(browser)
    do.sign_out(browser, demo)
    assert do.arrive(browser, demo).says("Identifiez-vous")
    browser.card = None
    assert refused(do.by_card(browser), "none")
