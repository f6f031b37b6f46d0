"""A form of « Mon compte » says until when it waits, is given more time, and loses nothing that was typed in it: to its
person alone, whoever else sits at the browser meanwhile."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.adapters.sql.schema import ephemeral
from idp.core.ephemeral import Kind
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.flows.account.test_email import age_proofs, by_psc_now
from tests.flows.email import BOB_RPPS, bob, says, title
from tests.protocol.psc import by_psc, person
from tests.provider import Browser, Provider, answer_of

ADDRESS, EMAIL, PASSKEYS = "/account/address", "/account/email", "/account/passkeys"
TYPED = {"address_line1": "2 place des Lices", "address_line2": "", "postal_code": "35000", "city": "Rennes"}
NOTICE = "Ce que vous aviez saisi est toujours là"
NEW = "aicha@cabinet.example"


@pytest.fixture
def house(make: Callable[..., Provider]) -> Provider:
    house = make()
    bob(house)
    return house


@pytest.fixture
def browser(house: Provider, psc: HostilePsc) -> Browser:
    browser = house.browser()
    assert answer_of(by_psc(browser, psc))["code"]
    return browser


def of_sessions(house: Provider, change: Callable[[dict[str, object]], None]) -> None:
    with house.database.begin() as connection:
        kept = ephemeral.c.kind == Kind.SESSION.value
        for row in connection.execute(sa.select(ephemeral).where(kept)).all():
            record = json.loads(row.value)
            change(record)
            mine = kept & (ephemeral.c.key_hash == row.key_hash)
            connection.execute(sa.update(ephemeral).where(mine).values(value=json.dumps(record)))


def wait(house: Provider, minutes: int) -> None:
    """Nobody came by for so long."""

    def earlier(record: dict[str, object]) -> None:
        for name in ("last_seen_at", "confirmed_at"):
            if name in record:
                at = datetime.fromisoformat(str(record[name])) - timedelta(minutes=minutes)
                record[name] = at.isoformat()

    of_sessions(house, earlier)


def values(page: TestResponse, *names: str) -> dict[str, str]:
    fields = BeautifulSoup(page.text, "html.parser").find_all("input")
    found = {str(one.get("name")): str(one.get("value", "")) for one in fields}
    return {name: found[name] for name in names if name in found}


def deadline(page: TestResponse) -> tuple[int, str]:
    place = BeautifulSoup(page.text, "html.parser").find(id="deadline")
    assert place is not None, page.text
    button = place.find("button")  # type: ignore[union-attr]
    return int(str(place["data-seconds"])), button.get_text() if button else ""  # type: ignore[index,union-attr]


def more_time(browser: Browser, page: TestResponse, section: str, **typed: str) -> TestResponse:
    """The button in the form in which something is typed."""
    soup = BeautifulSoup(page.text, "html.parser")
    button = soup.select_one(f'[formaction="{section}/more_time"]')
    assert button is not None, page.text
    fields = button.find_parent("form").find_all("input", type="hidden")  # type: ignore[union-attr]
    hidden = {str(one["name"]): str(one["value"]) for one in fields}
    return browser.follow(browser.post(f"{section}/more_time", data={**hidden, **typed}))


def kept_texts(house: Provider) -> str:
    with house.database.connect() as connection:
        return str(connection.execute(sa.select(ephemeral.c.kind, ephemeral.c.value)).all())


class TestLate:
    def test_what_was_typed_is_there_again_after_the_sign_in_and_is_saved_once_it_is_sent(
        self, house: Provider, browser: Browser, psc: HostilePsc
    ) -> None:
        page = browser.get(ADDRESS)
        wait(house, 31)
        doors = browser.submit(page, "/address", **TYPED)
        assert title(doors) == "Identifiez-vous"
        assert house.accounts.get(house.account.id).address.city != "Rennes"
        again = by_psc_now(browser, psc, doors)
        assert (again.request.path, values(again, *TYPED)) == (ADDRESS, TYPED)
        assert NOTICE in says(again)
        assert "est enregistrée" in says(browser.submit(again, "/address", **TYPED))
        assert house.accounts.get(house.account.id).address.city == "Rennes"
        page = browser.get(ADDRESS)
        assert (NOTICE in says(page), "typed_in_section" in kept_texts(house)) == (False, False)

    def test_the_next_person_at_the_browser_sees_nothing_of_it_and_its_person_does(
        self, house: Provider, browser: Browser, psc: HostilePsc
    ) -> None:
        page = browser.get(ADDRESS)
        wait(house, 31)
        doors = browser.submit(page, "/address", **TYPED)
        psc.lie = person(BOB_RPPS)
        theirs = by_psc_now(browser, psc, doors)
        assert (theirs.request.path, "Rennes" in theirs.text, NOTICE in says(theirs)) == (
            ADDRESS,
            False,
            False,
        )
        assert BOB_RPPS in says(browser.get("/account/identity"))
        left = browser.submit(page, "/address", **TYPED)  # the page that was left open
        assert ("session de ce navigateur a changé" in says(left), "Rennes" in left.text) == (True, False)
        assert house.accounts.get(house.account.id).address.city != "Rennes"
        other = house.browser()
        psc.lie = person()
        assert answer_of(by_psc_now(other, psc))["code"]
        # Of another browser of the same person: it does not know of the form.
        assert "Rennes" not in other.get(ADDRESS).text

    def test_another_browser_of_another_person_sees_nothing(
        self, house: Provider, browser: Browser, psc: HostilePsc
    ) -> None:
        page = browser.get(ADDRESS)
        wait(house, 31)
        doors = browser.submit(page, "/address", **TYPED)
        other = house.browser()
        other.client.set_cookie("caducee_typed", "address", domain="localhost")
        psc.lie = person(BOB_RPPS)
        assert answer_of(by_psc_now(other, psc))["code"]
        assert "Rennes" not in other.get(ADDRESS).text
        psc.lie = person()
        assert "Rennes" in by_psc_now(browser, psc, doors).text

    def test_of_a_session_that_somebody_ended_nothing_is_kept(
        self, house: Provider, browser: Browser
    ) -> None:
        page = browser.get(ADDRESS)
        cookie = browser.client.get_cookie("caducee_session", domain="localhost")
        assert cookie is not None
        browser.submit(browser.get("/end_session"), "/end_session/confirm")
        browser.client.set_cookie("caducee_session", cookie.value, domain="localhost")
        assert title(browser.submit(page, "/address", **TYPED)) == "Identifiez-vous"
        assert "Rennes" not in kept_texts(house)

    def test_a_forged_form_leaves_nothing(self, house: Provider, browser: Browser) -> None:
        wait(house, 31)
        for forged in ({"csrf": "x" * 64}, {"csrf": "x" * 64, "session": "x"}, {}):
            browser.post(ADDRESS, data={**TYPED, **forged})
        assert "Rennes" not in kept_texts(house)

    def test_a_new_address_is_there_again_after_the_fresh_proof(
        self, house: Provider, browser: Browser, psc: HostilePsc
    ) -> None:
        page = browser.get(EMAIL)
        age_proofs(house)
        doors = browser.submit(page, "/account/email", email=NEW)
        assert title(doors) == "Identifiez-vous"
        again = by_psc_now(browser, psc, doors)
        assert (again.request.path, values(again, "email")) == (EMAIL, {"email": NEW})
        assert NOTICE in says(again)
        browser.submit(again, "/account/email", email=NEW)
        assert "typed_in_section" not in kept_texts(house)

    def test_after_a_proof_that_was_given_up_it_still_waits(
        self, house: Provider, browser: Browser, psc: HostilePsc
    ) -> None:
        page = browser.get(EMAIL)
        age_proofs(house)
        doors = browser.submit(page, "/account/email", email=NEW)
        browser.submit(doors, "/cancel")
        assert NOTICE not in says(browser.get(EMAIL))
        again = by_psc_now(browser, psc, browser.follow(browser.get("/account/proof?to=email")))
        assert values(again, "email") == {"email": NEW}

    def test_the_name_of_a_passkey_is_there_again(
        self, house: Provider, browser: Browser, psc: HostilePsc
    ) -> None:
        page = browser.get(PASSKEYS)
        age_proofs(house)
        doors = browser.submit(page, "/add", name="Mon téléphone", credential="{}")
        again = by_psc_now(browser, psc, doors)
        assert (again.request.path, values(again, "name")) == (PASSKEYS, {"name": "Mon téléphone"})

    def test_a_password_is_kept_nowhere(self, house: Provider, browser: Browser, psc: HostilePsc) -> None:
        page = browser.get("/account/password")
        secret = "violon tambour cerise"
        wait(house, 31)
        doors = browser.submit(page, "/password", new_password=secret, password=secret)
        assert title(doors) == "Identifiez-vous"
        assert secret not in kept_texts(house)
        assert secret not in by_psc_now(browser, psc, doors).text


class TestMoreTime:
    def test_a_page_with_nothing_to_type_waits_for_nobody(self, browser: Browser) -> None:
        assert 'id="deadline"' not in browser.get("/account/history").text

    def test_a_visit_prolongs_the_session_and_what_was_typed_stands_there(
        self, house: Provider, browser: Browser
    ) -> None:
        page = browser.get(ADDRESS)
        seconds, button = deadline(page)
        assert (29 * 60 < seconds <= 30 * 60, button) == (True, "Prolonger")
        wait(house, 29)
        again = more_time(browser, page, ADDRESS, **TYPED)
        assert (again.request.path, values(again, *TYPED)) == (ADDRESS, TYPED)
        assert deadline(again)[0] > 29 * 60

    def test_the_end_of_a_fresh_proof_is_told_and_another_one_gives_more(
        self, house: Provider, browser: Browser, psc: HostilePsc
    ) -> None:
        page = browser.get(EMAIL)
        seconds, button = deadline(page)
        assert (0 < seconds <= 10 * 60, button) == (True, "Confirmer mon identité")
        assert "data-leaves" in page.text
        doors = more_time(browser, page, EMAIL, email=NEW)
        assert title(doors) == "Identifiez-vous"
        again = by_psc_now(browser, psc, doors)
        assert (again.request.path, values(again, "email")) == (EMAIL, {"email": NEW})

    def test_a_session_at_its_longest_is_given_more_by_a_proof_alone(
        self, house: Provider, browser: Browser
    ) -> None:
        def older(record: dict[str, object]) -> None:
            for event in record["events"]:  # type: ignore[attr-defined]
                event["at"] = (datetime.fromisoformat(event["at"]) - timedelta(minutes=225)).isoformat()

        of_sessions(house, older)
        seconds, button = deadline(browser.get(ADDRESS))
        assert (seconds <= 15 * 60, button) == (True, "Confirmer mon identité")

    def test_where_no_door_proves_who_a_person_is_the_end_is_told_and_not_put_off(
        self, app_factory: Callable[..., Provider]
    ) -> None:
        house = app_factory()
        browser = house.browser()
        browser.sign_in()
        assert deadline(browser.get(ADDRESS))[1] == "Prolonger"

        def older(record: dict[str, object]) -> None:
            for event in record["events"]:  # type: ignore[attr-defined]
                event["at"] = (datetime.fromisoformat(event["at"]) - timedelta(minutes=225)).isoformat()

        of_sessions(house, older)
        assert deadline(browser.get(ADDRESS))[1] == ""


class TestSharedStation:
    @pytest.fixture
    def station(self, browser: Browser) -> Browser:
        browser.submit(browser.get("/"), "/station")
        return browser

    def test_a_section_opened_directly_asks_once_whose_session_it_is(
        self, house: Provider, station: Browser
    ) -> None:
        question = station.follow(station.get("/account/identity"))
        assert title(question) == "Vous êtes Aïcha DUPONT-NŒL ?"
        page = station.submit(question, "/same_person")
        assert page.request.path == "/account/identity"
        for path in (EMAIL, "/account/history", "/account/sessions"):
            assert station.get(path).status_code == 200

    def test_who_is_another_person_gets_nothing_of_it(
        self, house: Provider, station: Browser, psc: HostilePsc
    ) -> None:
        question = station.follow(station.get("/account/history"))
        doors = station.submit(question, "/leave")
        assert title(doors) == "Identifiez-vous"
        psc.lie = person(BOB_RPPS)
        page = by_psc_now(station, psc, doors)
        assert page.request.path == "/account/history"
        assert BOB_RPPS in says(station.get("/account/identity"))
        # Who has just proved it is not asked.
        assert station.get(EMAIL).status_code == 200

    def test_after_five_minutes_it_asks_again_and_keeps_what_was_typed(
        self, house: Provider, station: Browser, psc: HostilePsc
    ) -> None:
        page = station.submit(station.follow(station.get(ADDRESS)), "/same_person")
        seconds, button = deadline(page)
        assert (4 * 60 < seconds <= 5 * 60, button) == (True, "Prolonger")
        question = more_time(station, page, ADDRESS, **TYPED)
        assert title(question) == "Vous êtes Aïcha DUPONT-NŒL ?"
        again = station.submit(question, "/same_person")
        assert values(again, *TYPED) == TYPED
        wait(house, 6)
        doors = station.submit(again, "/address", **TYPED)
        assert title(doors) == "Identifiez-vous"
        assert values(by_psc_now(station, psc, doors), *TYPED) == TYPED

    def test_a_form_posted_without_the_answer_changes_nothing_and_is_kept(
        self, house: Provider, browser: Browser
    ) -> None:
        page = browser.get(ADDRESS)
        browser.submit(browser.get("/"), "/station")
        question = browser.submit(page, "/address", **TYPED)
        assert title(question) == "Vous êtes Aïcha DUPONT-NŒL ?"
        assert house.accounts.get(house.account.id).address.city != "Rennes"
        assert values(browser.submit(question, "/same_person"), *TYPED) == TYPED

    def test_a_fresh_proof_answers_as_well(self, house: Provider, station: Browser, psc: HostilePsc) -> None:
        doors = station.follow(station.get("/account/proof?to=email&again=1"))
        assert title(doors) == "Identifiez-vous"
        assert by_psc_now(station, psc, doors).request.path == EMAIL
