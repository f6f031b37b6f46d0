"""Charters that a client demands beside the house's: asked one after the other, gated everywhere, due per client."""

from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts.charter import HOUSE, CharterRevision
from idp.adapters.sql.schema import audit_events
from tests.protocol.policed import PolicedParty, claims_in, signed_in_by
from tests.provider import Browser, Provider, answer_of

NAMED = "policed-terms"
OTHER = "other-terms"


def publish(house: Provider, charter: str, revision: str = "2026-1") -> CharterRevision:
    texts = {"fr": f"# Conditions {charter} {revision}", "en": f"# Terms {charter} {revision}"}
    published = CharterRevision(
        revision=revision, published_at=datetime.now(UTC), texts=texts, charter=charter
    )
    house.charters.publish(published)
    return published


@pytest.fixture
def party(app_factory: Callable[..., Provider], every_door: dict[str, Any]) -> PolicedParty:
    """Demands a charter of its own; Alice accepted the house's long ago."""
    house = app_factory(**every_door)
    publish(house, NAMED)
    found = PolicedParty(house)
    found.govern(charters=[NAMED])
    return found


def shown_charter(page: TestResponse) -> tuple[str, str]:
    """Name and revision of the charter on the page."""
    assert page.status_code in (200, 409, 422), page.status_code
    form = BeautifulSoup(page.text, "html.parser").find("form", class_="agreement")
    assert form is not None, page.text
    fields = {str(i["name"]): str(i["value"]) for i in form.find_all("input", type="hidden")}
    return fields["charter"], fields["revision"]


def says(page: TestResponse, words: str) -> bool:
    return words in unescape(page.text)


def accept(browser: Browser, page: TestResponse, **typed: str) -> TestResponse:
    return browser.submit(page, "/charter", **{"accepted": "yes", **typed})


def evidence(house: Provider) -> list[tuple[str, str]]:
    return [(known.charter, known.revision) for known in house.charters.evidence_of(house.account.id)]


def test_the_person_accepts_the_charter_of_the_client_once(party: PolicedParty) -> None:
    browser = signed_in_by(party.house, "cps")
    page = party.ask(browser)
    assert shown_charter(page) == (NAMED, "2026-1")
    assert "Charte demandée par Policed" in page.text
    assert "Conditions policed-terms 2026-1" in page.text
    assert answer_of(accept(browser, page))["code"]
    (first, second) = party.house.charters.evidence_of(party.house.account.id)
    assert (first.charter, second.charter) == (HOUSE, NAMED)
    assert second.text_sha256 == party.house.charters.current(NAMED).sha256("fr")
    assert (second.authenticator, second.client_id, second.revision) == ("cps", "policed", "2026-1")
    assert abs(second.accepted_at - datetime.now(UTC)).total_seconds() < 60
    assert answer_of(party.ask(signed_in_by(party.house, "psc"), prompt="none"))["code"]


def test_a_client_that_demands_no_charter_does_not_ask_for_it(party: PolicedParty) -> None:
    assert answer_of(signed_in_by(party.house, "cps").authorize(prompt="none"))["code"]


def test_another_client_that_demands_the_same_charter_finds_it_accepted(party: PolicedParty) -> None:
    browser = signed_in_by(party.house, "cps")
    accept(browser, party.ask(browser))
    file = party.house.settings.where.clients_file
    file.write_text(
        file.read_text().replace("client_id: grand-age", f"client_id: grand-age\n    charters: [{NAMED}]")
    )
    asked = {"client_id": "grand-age", "redirect_uri": "https://grand-age.example/callback"}
    assert answer_of(browser.authorize(prompt="none", **asked))["code"]


def test_house_and_client_charters_are_asked_one_after_the_other(party: PolicedParty) -> None:
    publish(party.house, HOUSE, "2027-1")
    publish(party.house, OTHER)
    party.govern(charters=[OTHER, NAMED])
    browser = signed_in_by(party.house, "cps")
    page, seen = party.ask(browser), []
    for left in (3, 2, 1):
        assert (f"Il reste {left}\u00a0chartes" in page.text) == (left > 1)
        seen.append(shown_charter(page))
        # Without a tick, or with the other's revision, nothing is accepted.
        assert shown_charter(browser.submit(page, "/charter")) == seen[-1]
        assert accept(browser, page, revision="2025-0").status_code == 409
        page = accept(browser, page)
    assert seen == [(HOUSE, "2027-1"), (OTHER, "2026-1"), (NAMED, "2026-1")]
    assert answer_of(page)["code"]
    assert evidence(party.house) == [(HOUSE, "2026-1"), *seen]


def test_a_charter_is_told_as_changed_only_to_whom_accepted_an_earlier_one_of_it(party: PolicedParty) -> None:
    browser = signed_in_by(party.house, "cps")
    changed = "La charte a changé depuis votre dernière acceptation"
    page = party.ask(browser)
    assert changed not in page.text  # Although an earlier revision of the house's was accepted.
    accept(browser, page)
    publish(party.house, NAMED, "2026-2")
    page = party.ask(browser)
    assert (changed in page.text, shown_charter(page)) == (True, (NAMED, "2026-2"))


def test_refusing_the_charter_of_the_client_is_access_denied_there_and_nowhere_else(
    party: PolicedParty,
) -> None:
    browser = signed_in_by(party.house, "cps")
    answer = answer_of(browser.submit(party.ask(browser), "/charter/refuse"))
    assert answer["error"] == "access_denied"
    assert evidence(party.house) == [(HOUSE, "2026-1")]
    assert shown_charter(party.ask(browser)) == (NAMED, "2026-1")
    assert answer_of(browser.authorize(prompt="none"))["code"]


def test_silence_cannot_go_around_the_charter_of_the_client(party: PolicedParty) -> None:
    answer = answer_of(party.ask(signed_in_by(party.house, "cps"), prompt="none"))
    assert answer["error"] == "interaction_required"
    assert "code" not in answer


def test_a_new_revision_stops_redemption_and_refreshing_at_this_client_alone(party: PolicedParty) -> None:
    browser = signed_in_by(party.house, "cps")
    accept(browser, party.ask(browser))
    code, tokens = party.code(browser), party.tokens(browser)
    elsewhere = browser.sign_in()
    publish(party.house, NAMED, "2026-2")
    for refused in (party.redeem(code), party.refresh(tokens["refresh_token"])):
        assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_grant")
    assert party.house.exchange(elsewhere).status_code == 200
    accept(browser, party.ask(browser))
    assert party.refresh(tokens["refresh_token"]).status_code == 200


def test_a_charter_demanded_since_stops_redemption_and_refreshing_until_it_is_accepted(
    party: PolicedParty,
) -> None:
    party.govern()
    browser = signed_in_by(party.house, "cps")
    code, tokens = party.code(browser), party.tokens(browser)
    party.govern(charters=[NAMED])
    for refused in (party.redeem(code), party.refresh(tokens["refresh_token"])):
        assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_grant")
    accept(browser, party.ask(browser))
    after = claims_in(party.refresh(tokens["refresh_token"]).get_json()["id_token"])
    assert after["sid"] == claims_in(tokens["id_token"])["sid"]


# Wrong order, twice, other tabs.


def test_a_charter_accepted_in_another_tab_leads_on_to_the_next(party: PolicedParty) -> None:
    publish(party.house, HOUSE, "2027-1")
    browser = signed_in_by(party.house, "cps")
    page = party.ask(browser)
    next_page = accept(browser, page)
    assert shown_charter(next_page) == (NAMED, "2026-1")
    # The same click again, from the tab that still shows the first: no fault, no second evidence.
    again = accept(browser, page)
    assert (again.status_code, shown_charter(again)) == (200, (NAMED, "2026-1"))
    assert evidence(party.house) == [(HOUSE, "2026-1"), (HOUSE, "2027-1")]
    assert answer_of(accept(browser, next_page))["code"]


def test_tabs_of_two_clients_each_take_what_they_show(party: PolicedParty) -> None:
    publish(party.house, HOUSE, "2027-1")
    browser = signed_in_by(party.house, "cps")
    first, second = party.ask(browser), browser.follow(browser.authorize())
    assert shown_charter(first) == shown_charter(second) == (HOUSE, "2027-1")
    assert answer_of(accept(browser, second))["code"]
    assert shown_charter(accept(browser, first)) == (NAMED, "2026-1")


def test_a_charter_of_the_house_published_meanwhile_does_not_waste_the_acceptance_of_the_clients(
    party: PolicedParty,
) -> None:
    browser = signed_in_by(party.house, "cps")
    page = party.ask(browser)
    publish(party.house, HOUSE, "2027-1")
    page = accept(browser, page)
    assert shown_charter(page) == (HOUSE, "2027-1")
    assert evidence(party.house)[-1] == (NAMED, "2026-1")
    assert answer_of(accept(browser, page))["code"]


@pytest.mark.parametrize("charter", ["", "house", OTHER, "'; --", "x" * 5000])
def test_a_charter_that_is_not_due_is_not_accepted_by_a_form_made_by_hand(
    party: PolicedParty, charter: str
) -> None:
    publish(party.house, OTHER)
    browser = signed_in_by(party.house, "cps")
    page = accept(browser, party.ask(browser), charter=charter)
    assert shown_charter(page) == (NAMED, "2026-1")
    assert evidence(party.house) == [(HOUSE, "2026-1")]


def test_a_text_of_another_charter_is_not_accepted_as_this_one(party: PolicedParty) -> None:
    other = publish(party.house, OTHER)
    browser = signed_in_by(party.house, "cps")
    page = accept(browser, party.ask(browser), text_sha256=other.sha256("fr"))
    assert (page.status_code, shown_charter(page)) == (409, (NAMED, "2026-1"))
    assert evidence(party.house) == [(HOUSE, "2026-1")]


def test_the_evidence_names_the_door_that_counted_and_not_an_older_one(party: PolicedParty) -> None:
    browser = signed_in_by(party.house, "cps")
    page = browser.prove(party.ask(browser, prompt="login"))
    accept(browser, page)
    assert party.house.charters.evidence_of(party.house.account.id)[-1].authenticator == "password+email_otp"


def test_the_answer_is_in_the_audit_trail_by_charter(party: PolicedParty) -> None:
    browser = signed_in_by(party.house, "cps")
    browser.submit(party.ask(browser), "/charter/refuse")
    accept(browser, party.ask(browser))
    told = sa.select(audit_events.c.event, audit_events.c.facts).where(
        audit_events.c.event.like("charter:answer:%")
    )
    with party.house.database.connect() as connection:
        rows = [tuple(row) for row in connection.execute(told.order_by(audit_events.c.id))]
    facts = {"charter": NAMED, "revision": "2026-1"}
    assert rows == [("charter:answer:refused", facts), ("charter:answer:accepted", facts)]


# Never published.


def test_a_charter_never_published_closes_this_client_and_no_other(party: PolicedParty) -> None:
    party.govern(charters=[NAMED, OTHER])
    browser = signed_in_by(party.house, "cps")
    page = party.ask(browser)
    assert page.status_code == 503
    assert says(page, "Cette application n'est pas encore ouverte")
    assert "https://policed.example/" in page.text
    assert OTHER not in page.text
    silent = answer_of(party.ask(browser, prompt="none"))
    assert silent["error"] == "temporarily_unavailable"
    # Nothing is asked that leads nowhere, and nothing was accepted.
    assert evidence(party.house) == [(HOUSE, "2026-1")]
    assert answer_of(browser.authorize(prompt="none"))["code"]


def test_the_page_speaks_english_too(party: PolicedParty) -> None:
    party.govern(charters=[OTHER])
    browser = signed_in_by(party.house, "cps")
    browser.client.set_cookie("caducee_locale", "en", domain="localhost")
    page = party.ask(browser)
    assert (page.status_code, "This application is not open yet" in page.text) == (503, True)
    party.govern(charters=[NAMED])
    page = party.ask(browser)
    assert "Terms required by Policed" in page.text
    assert "Terms policed-terms 2026-1" in page.text
    accept(browser, page)
    assert party.house.charters.evidence_of(party.house.account.id)[-1].text_sha256 == (
        party.house.charters.current(NAMED).sha256("en")
    )


@pytest.mark.parametrize("action", ["/charter", "/charter/refuse", "GET"])
def test_a_charter_demanded_while_the_person_reads_and_never_published_is_a_page_not_a_crash(
    party: PolicedParty, action: str
) -> None:
    browser = signed_in_by(party.house, "cps")
    page = party.ask(browser)
    form = BeautifulSoup(page.text, "html.parser").find("form", class_="agreement")
    assert form is not None
    party.govern(charters=[NAMED, OTHER])
    acts = {"GET": lambda: browser.get(str(form["action"]))}
    answer = acts.get(action, lambda: browser.submit(page, action, accepted="yes"))()
    assert (answer.status_code, says(answer, "n'est pas encore ouverte")) == (503, True)
    assert evidence(party.house) == [(HOUSE, "2026-1")]


def test_what_was_issued_is_not_redeemed_when_a_charter_never_published_is_demanded(
    party: PolicedParty,
) -> None:
    party.govern()
    browser = signed_in_by(party.house, "cps")
    code, tokens = party.code(browser), party.tokens(browser)
    party.govern(charters=[OTHER])
    for refused in (party.redeem(code), party.refresh(tokens["refresh_token"])):
        assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_grant")
