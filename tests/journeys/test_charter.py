"""The charter cannot be gone around: by no door, tab, client, address, silence, nor a code issued before."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.demo.driver import Browser, Page
from tests.demonstration import ROOT, Demonstration, running_demo
from tests.journeys import gestures as do
from tests.journeys.own_party import OwnParty

Browse = Callable[..., Browser]
CHARTER = "Charte d'utilisation"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """A demo of this module's own: it publishes charters."""
    with running_demo(tmp_path_factory.mktemp("charter")) as running:
        yield running


def at_charter(page: Page) -> bool:
    return page.says(CHARTER) and page.field("accepted") is not None


def is_due(demo: Demonstration, card: str = "benali") -> bool:
    (account,) = do.accounts_of(demo, demo.card(card)["rpps"])
    return account["charter_revision"] is None


@pytest.fixture
def waiting(demo: Demonstration, browse: Browse) -> Browser:
    """Benali, in by her card, in front of the charter."""
    browser = browse("benali")
    do.arrive(browser, demo)
    do.by_card(browser)
    assert at_charter(browser.page)
    return browser


def by_card(browser: Browser, demo: Demonstration) -> None:
    do.by_card(browser)


def by_psc(browser: Browser, demo: Demonstration) -> None:
    do.by_psc_card(browser, "benali")


def by_ecps(browser: Browser, demo: Demonstration) -> None:
    do.by_ecps(browser, demo.card("benali")["rpps"])


def by_password(browser: Browser, demo: Demonstration) -> None:
    do.by_password(browser, demo, demo.account("benali"))


@pytest.mark.parametrize("client_id", [do.VIA, do.SIBLING])
@pytest.mark.parametrize("door", [by_card, by_psc, by_ecps, by_password])
def test_every_door_of_every_application_leads_to_the_charter(
    demo: Demonstration, browse: Browse, door: Callable[[Browser, Demonstration], None], client_id: str
) -> None:
    browser = browse("benali")
    do.arrive(browser, demo, client_id)
    door(browser, demo)
    assert at_charter(browser.page)
    assert is_due(demo)
    # Another application, in the same browser, gets nothing out of it.
    other = {do.VIA: do.SIBLING, do.SIBLING: do.VIA}[client_id]
    assert not do.is_signed_in(browser, demo, other)
    assert do.arrive(browser, demo, other).says("Identifiez-vous")


def test_typed_addresses_and_other_tabs_come_back_to_the_charter(
    demo: Demonstration, waiting: Browser
) -> None:
    path = do.interaction_path(waiting.page)
    for stop in (
        "",
        "/charter",
        "/choice",
        "/email_otp",
        "/enrolment",
        "/first_connection",
        "/cps",
        "/psc",
        "/password",
    ):
        with do.tab(waiting) as other:
            assert at_charter(other.get(path + stop)), stop
    for stop in ("/x", "/finish", "/callback", "/charter/x"):
        with do.tab(waiting) as other:
            assert other.get(path + stop).status == 404, stop
    assert not do.is_signed_in(waiting, demo)


def test_forms_of_other_stops_do_not_pass_the_charter(demo: Demonstration, waiting: Browser) -> None:
    path, csrf = do.interaction_path(waiting.page), waiting.page.field("csrf")
    assert csrf is not None
    typed = {
        "csrf": csrf.value or "",
        "code": "00000000",
        "accepted": "yes",
        "revision": "2026-1",
        "email": "nadia@ailleurs.example",
        "password": do.PASSWORD,
    }
    for stop in ("/email_otp", "/email_otp/resend", "/enrolment", "/enrolment/back"):
        with do.tab(waiting) as other:
            assert at_charter(other.post(path + stop, typed)), stop
    assert is_due(demo)


def test_refusing_is_access_denied_at_the_application_and_the_charter_stays_due(
    demo: Demonstration, browse: Browse
) -> None:
    browser, party = browse("benali"), OwnParty.of(demo)
    party.ask(browser)
    do.by_card(browser)
    answer = party.answer(browser.submit("Refuser et revenir à ViaTrajectoire"))
    assert answer["error"] == "access_denied"
    assert "code" not in answer
    assert is_due(demo)
    assert party.ask(browser).says("Identifiez-vous")
    do.by_card(browser)
    assert at_charter(browser.page)


def test_application_tells_the_person_that_the_connection_was_abandoned(
    demo: Demonstration, waiting: Browser
) -> None:
    page = waiting.submit("Refuser et revenir à ViaTrajectoire")
    assert page.url.startswith(do.home(demo))
    assert page.says("Connexion abandonnée")
    assert page.says("access_denied")


def test_validating_without_the_tick_says_so_and_accepts_nothing(
    demo: Demonstration, waiting: Browser
) -> None:
    page = waiting.submit("Valider")
    assert (page.status, at_charter(page)) == (422, True)
    assert page.says("Cochez la case au bas de la charte pour l'accepter.")
    assert is_due(demo)


@pytest.mark.parametrize("revision", ["2025-1", "", "2026-2", "'; --"])
def test_revision_that_is_not_the_one_in_force_is_not_accepted(
    demo: Demonstration, waiting: Browser, revision: str
) -> None:
    page = waiting.submit("Valider", accepted=True, revision=revision)
    assert (page.status, at_charter(page)) == (409, True)
    assert page.says("La charte vient de changer")
    assert is_due(demo)


def publish(demo: Demonstration, revision: str, folder: Path) -> str:
    """Publish a new text. Returns what is new in it."""
    news = f"Nouveauté de la révision {revision}."
    text = folder / f"{revision}.md"
    text.write_text((ROOT / "charters" / "2026-1.fr.md").read_text("utf-8") + f"\n\n{news}\n", "utf-8")
    done = demo.command("charter", "publish", "--revision", revision, "--fr", str(text), "--yes")
    assert done.returncode == 0, done.stderr
    return news


def test_new_revision_is_due_again_for_everyone_with_a_living_session_too(
    demo: Demonstration, browse: Browse, tmp_path: Path
) -> None:
    browser, party = browse("martin"), OwnParty.of(demo)
    party.ask(browser)
    do.by_card(browser)
    living = party.verified(party.tokens(browser.page)["id_token"])
    issued = party.answer(party.ask(browser))
    news = publish(demo, "2026-2", tmp_path)
    # A code issued before the publication is worth nothing after it.
    refused = party.redeem(issued["code"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert party.answer(party.ask(browser, prompt="none"))["error"] == "interaction_required"
    page = party.ask(browser)
    assert at_charter(page)
    assert page.says(news)
    assert page.says("La charte a changé depuis votre dernière acceptation")
    sibling = OwnParty.of(demo, do.SIBLING)
    assert at_charter(sibling.ask(browser))
    assert sibling.answer(sibling.ask(browser, prompt="none"))["error"] == "interaction_required"
    party.ask(browser)
    do.accept_charter(browser)
    after = party.verified(party.tokens(browser.page)["id_token"])
    assert (after["sid"], after["auth_time"]) == (living["sid"], living["auth_time"])
    assert party.answer(party.ask(browser, prompt="none"))["code"]
    assert revisions(demo, "martin") == ["2026-1", "2026-2"]


def test_revision_published_while_the_old_one_is_being_read_is_read_before_it_is_accepted(
    demo: Demonstration, browse: Browse, tmp_path: Path
) -> None:
    browser = browse("benali")
    do.arrive(browser, demo)
    do.by_card(browser)
    news = publish(demo, "2026-3", tmp_path)
    page = do.accept_charter(browser)
    assert (page.status, at_charter(page)) == (409, True)
    assert page.says("La charte vient de changer")
    assert page.says(news)
    assert revisions(demo, "benali") == []
    do.accept_charter(browser)
    assert do.is_at_home(browser.page, demo)
    assert revisions(demo, "benali") == ["2026-3"]


def revisions(demo: Demonstration, card: str) -> list[Any]:
    query = """SELECT revision FROM charter_acceptances JOIN accounts ON accounts.id = account_id
               WHERE rpps = ? ORDER BY accepted_at"""
    return [row["revision"] for row in do.rows(demo, query, demo.card(card)["rpps"])]
