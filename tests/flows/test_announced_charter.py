"""The journeys of a charter announced, put off, due and withdrawn: what the person sees, what the application gets."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts.charter import HOUSE, CharterRevision
from idp.adapters.sql.charter_office import SqlCharterOffice
from idp.adapters.sql.schema import accounts, audit_events, charter_revisions
from idp.core.clock import SystemClock
from tests.flows.test_charter import NAMED, accept, evidence, publish, says, shown_charter
from tests.protocol.policed import PolicedParty, signed_in_by
from tests.provider import Browser, Provider, answer_of

IN_A_WHILE = timedelta(days=15)
NEXT = "2027-1"


@pytest.fixture
def party(app_factory: Callable[..., Provider], every_door: dict[str, Any]) -> PolicedParty:
    """Alice accepted the house's charter long ago; another one is announced."""
    house = app_factory(**every_door)
    announce(house)
    found = PolicedParty(house)
    found.govern()
    return found


def announce(house: Provider, charter: str = HOUSE, note: str = "") -> None:
    now = datetime.now(UTC)
    house.charters.publish(
        CharterRevision(
            revision=NEXT,
            published_at=now,
            texts={"fr": f"# Conditions {charter} {NEXT}"},
            charter=charter,
            changes={"fr": note} if note else {},
            due_from=now + IN_A_WHILE,
        )
    )


def the_day_comes(house: Provider) -> None:
    with house.database.begin() as connection:
        connection.execute(
            sa.update(charter_revisions)
            .where(charter_revisions.c.due_from.is_not(None))
            .values(due_from=datetime.now(UTC))
        )


def the_next_day_comes(house: Provider) -> None:
    with house.database.begin() as connection:
        connection.execute(
            sa.update(accounts).values(charter_put_off_at=datetime.now(UTC) - timedelta(days=1))
        )


def withdraw(house: Provider, revision: str = NEXT) -> str:
    return SqlCharterOffice(house.database, SystemClock()).withdraw(HOUSE, revision, "").restored


def at_page(party: PolicedParty, browser: Browser | None = None, **asked: str) -> TestResponse:
    """After a password and a code, at what is due then."""
    browser = browser or party.house.browser()
    return browser.prove(party.ask(browser, prompt="login", **asked))


def later(browser: Browser, page: TestResponse) -> TestResponse:
    return browser.submit(page, "/charter/later")


def told(house: Provider) -> list[tuple[str, Any]]:
    rows = sa.select(audit_events.c.event, audit_events.c.facts).where(audit_events.c.event.like("charter:%"))
    with house.database.connect() as connection:
        return [tuple(row) for row in connection.execute(rows.order_by(audit_events.c.id))]


def may_wait(page: TestResponse) -> bool:
    soup = BeautifulSoup(page.text, "html.parser")
    forms = soup.find_all("form", action=lambda to: bool(to) and to.endswith("/charter/later"))
    # Either is there: to put it off, or to refuse it.
    assert bool(forms) != bool(soup.find("form", action=lambda to: bool(to) and to.endswith("/refuse")))
    return bool(forms)


def test_until_the_day_it_is_shown_with_its_date_and_may_be_put_off(party: PolicedParty) -> None:
    browser = party.house.browser()
    page = at_page(party, browser)
    assert (shown_charter(page), may_wait(page)) == ((HOUSE, NEXT), True)
    assert says(page, "jusqu'à ce jour, celle que vous avez acceptée suffit")
    assert says(page, "Vous continuez vers Policed")
    answer = answer_of(later(browser, page))
    assert party.redeem(answer["code"]).status_code == 200
    assert evidence(party.house) == [(HOUSE, "2026-1")]
    assert told(party.house) == [("charter:answer:put_off", {"charter": HOUSE, "revision": NEXT})]


def test_who_puts_it_off_is_asked_once_a_day_at_most(party: PolicedParty) -> None:
    browser = party.house.browser()
    later(browser, at_page(party, browser))
    # At another application, and at another sign-in of the day, by another browser too.
    assert answer_of(browser.authorize())["code"]
    assert answer_of(at_page(party))["code"]
    the_next_day_comes(party.house)
    assert shown_charter(at_page(party)) == (HOUSE, NEXT)


def test_on_the_way_by_a_session_nobody_is_stopped_before_the_day(party: PolicedParty) -> None:
    browser = signed_in_by(party.house, "cps")
    assert answer_of(party.ask(browser))["code"]
    assert answer_of(party.ask(browser, prompt="none"))["code"]
    the_day_comes(party.house)
    assert answer_of(party.ask(browser, prompt="none"))["error"] == "interaction_required"
    page = party.ask(browser)
    assert (shown_charter(page), may_wait(page)) == ((HOUSE, NEXT), False)
    assert says(page, "La charte a changé depuis votre dernière acceptation")


def test_accepted_early_it_is_asked_for_no_more(party: PolicedParty) -> None:
    browser = party.house.browser()
    page = at_page(party, browser)
    assert answer_of(accept(browser, page))["code"]
    assert evidence(party.house) == [(HOUSE, "2026-1"), (HOUSE, NEXT)]
    assert answer_of(at_page(party))["code"]
    the_day_comes(party.house)
    assert answer_of(at_page(party))["code"]
    assert answer_of(party.ask(browser, prompt="none"))["code"]


def test_the_gate_asks_for_it_from_the_day_on(party: PolicedParty) -> None:
    browser = signed_in_by(party.house, "cps")
    tokens, code = party.tokens(browser), party.code(browser)
    assert party.refresh(tokens["refresh_token"]).status_code == 200
    assert party.userinfo(tokens["access_token"])["sub"]
    the_day_comes(party.house)
    for refused in (party.redeem(code), party.refresh(tokens["refresh_token"])):
        assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_grant")
    assert party.house.userinfo(tokens["access_token"]).status_code == 401
    assert answer_of(accept(browser, party.ask(browser)))["code"]
    assert party.refresh(tokens["refresh_token"]).status_code == 200


def test_who_never_accepted_any_is_asked_for_the_announced_one_at_once(party: PolicedParty) -> None:
    withdraw(party.house)
    party.govern(charters=[NAMED])
    publish(party.house, NAMED)
    announce(party.house, NAMED)
    browser = signed_in_by(party.house, "cps")
    page = party.ask(browser)
    assert (shown_charter(page), may_wait(page)) == ((NAMED, NEXT), False)
    assert says(page, "Elle remplacera l'actuelle le ")
    # Nor does « Plus tard » made by hand pass it.
    hidden = {
        str(i["name"]): str(i["value"]) for i in BeautifulSoup(page.text, "html.parser").select("input")
    }
    page = browser.follow(browser.post(f"{page.request.path}/later", data=hidden))
    assert shown_charter(page) == (NAMED, NEXT)
    assert answer_of(accept(browser, page))["code"]
    assert evidence(party.house)[-1] == (NAMED, NEXT)
    the_day_comes(party.house)
    assert answer_of(party.ask(browser))["code"]


def test_a_charter_of_a_client_is_announced_to_who_accepted_the_one_before(party: PolicedParty) -> None:
    withdraw(party.house)
    party.govern(charters=[NAMED])
    publish(party.house, NAMED)
    browser = signed_in_by(party.house, "cps")
    assert answer_of(accept(browser, party.ask(browser)))["code"]
    announce(party.house, NAMED, note="Article 3.")
    browser = party.house.browser()
    page = at_page(party, browser)
    assert (shown_charter(page), may_wait(page), says(page, "Article 3.")) == ((NAMED, NEXT), True, True)
    assert answer_of(later(browser, page))["code"]
    # Another application knows nothing of it.
    the_day_comes(party.house)
    assert not may_wait(party.ask(browser))
    assert answer_of(browser.authorize(prompt="none"))["code"]


def test_later_pressed_on_the_day_leads_to_the_charter_that_is_due(party: PolicedParty) -> None:
    browser = party.house.browser()
    page = at_page(party, browser)
    the_day_comes(party.house)
    page = later(browser, page)
    assert (shown_charter(page), may_wait(page)) == ((HOUSE, NEXT), False)
    assert answer_of(accept(browser, page))["code"]


def test_later_is_pressed_in_two_tabs_and_twice(party: PolicedParty) -> None:
    browser = party.house.browser()
    first = at_page(party, browser)
    other = at_page(party)
    assert answer_of(later(browser, first))["code"]
    assert later(browser, first).status_code == 409  # That sign-in is over.
    assert shown_charter(other) == (HOUSE, NEXT)
    assert [event for event, _ in told(party.house)] == ["charter:answer:put_off"]


def test_withdrawn_before_its_day_it_is_gone_also_from_the_page_that_shows_it(party: PolicedParty) -> None:
    browser = party.house.browser()
    page = at_page(party, browser)
    assert withdraw(party.house) == ""
    assert answer_of(accept(browser, page))["code"]
    assert evidence(party.house) == [(HOUSE, "2026-1")]
    assert answer_of(at_page(party))["code"]


def test_withdrawn_on_its_day_the_one_before_comes_back_and_suffices(party: PolicedParty) -> None:
    browser = signed_in_by(party.house, "cps")
    tokens = party.tokens(browser)
    the_day_comes(party.house)
    assert party.refresh(tokens["refresh_token"]).status_code == 400
    page = party.ask(browser)
    assert withdraw(party.house) == "2026-1-again"
    assert party.refresh(tokens["refresh_token"]).status_code == 200
    # The page of what was withdrawn accepts nothing, and leads on.
    assert answer_of(accept(browser, page))["code"]
    assert evidence(party.house) == [(HOUSE, "2026-1")]


def test_who_accepted_only_what_was_withdrawn_is_asked_for_what_came_back(party: PolicedParty) -> None:
    browser = party.house.browser()
    accept(browser, at_page(party, browser))
    the_day_comes(party.house)
    with party.house.database.begin() as connection:
        connection.execute(sa.text("DELETE FROM charter_acceptances WHERE revision = '2026-1'"))
    withdraw(party.house)
    page = party.ask(browser)
    assert shown_charter(page) == (HOUSE, "2026-1-again")
    assert answer_of(accept(browser, page))["code"]
    shown = party.house.charters.accepted_by(party.house.account.id)[0].number
    found = party.house.charters.acceptance(party.house.account.id, shown)
    assert found is not None
    assert (found.revision.text_of, found.locale) == ("2026-1", "fr")


def test_the_account_keeps_when_it_was_put_off_whatever_else_is_saved(party: PolicedParty) -> None:
    browser = party.house.browser()
    later(browser, at_page(party, browser))
    account = party.house.accounts.get(party.house.account.id)
    assert account.charter_put_off_at is not None
    party.house.accounts.save(replace(account, locale="en"))
    assert answer_of(at_page(party))["code"]
