"""The enrolment beside other tabs, and without a password door. It comes by Pro Santé Connect, which may enrol here."""

import dataclasses
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from idp.adapters.sql.schema import outbox, upstream_links
from idp.app import create
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.protocol.psc import by_psc, facts, go, listening, person, settings_of
from tests.provider import Browser, Provider, answer_of, audited

NEW_RPPS = "99700218896"
ADDRESS = {"address_line1": "1 rue de la Paix", "postal_code": "75002", "city": "Paris"}
PASSWORD = "violon tambour cerise"
TYPED = {**ADDRESS, "password": PASSWORD}
FIRST, SECOND = "nadia@hopital.example", "n.autre@cabinet.example"


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.lie = person(NEW_RPPS)
        yield psc


@pytest.fixture
def house(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Provider:
    return app_factory(**settings_of(psc), enrolment_from_psc=True)


def mails(house: Provider) -> int:
    with house.database.connect() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(outbox)).scalar_one())


def finish(house: Provider, browser: Browser, form: TestResponse, email: str, **typed: str) -> TestResponse:
    """From the form to the page after the code."""
    page = browser.submit(form, "/enrolment", email=email, **(typed or TYPED))
    return browser.submit(page, "/email_otp", code=house.last_code())


def is_told(page: TestResponse, typed: str) -> bool:
    return (
        page.status_code == 409
        and "Votre compte existe déjà" in page.text
        and "n•••@hopital.example" in page.text
        and "n'a pas été gardé" in page.text.replace("&#39;", "'")
        and typed in page.text
    )


def go_on(browser: Browser, page: TestResponse) -> TestResponse:
    path = page.request.path.split("/")[2]
    assert f'href="/interaction/{path}"' in page.text
    return browser.follow(browser.get(f"/interaction/{path}"))


def test_a_second_tab_that_types_its_code_is_told_that_the_account_has_another_address(
    house: Provider, psc: HostilePsc
) -> None:
    browser = house.browser()
    tabs = [by_psc(browser, psc), by_psc(browser, psc)]
    waiting = browser.submit(tabs[1], "/enrolment", email=SECOND, **TYPED)
    of_second = house.last_code()
    assert "Charte" in finish(house, browser, tabs[0], FIRST).text
    page = browser.submit(waiting, "/email_otp", code=of_second)
    assert is_told(page, SECOND)
    account = house.accounts.find_by_rpps(NEW_RPPS)
    assert account is not None
    assert account.email == FIRST
    assert [fact["reason"] for fact in facts(house, "enrolment:complete:refused")] == ["already_enrolled"]
    # The sign-in of the second tab goes on, with the account that exists.
    assert "Charte" in go_on(browser, page).text


def test_a_second_tab_that_sends_its_form_is_told_before_any_mail(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    tabs = [by_psc(browser, psc), by_psc(browser, psc)]
    finish(house, browser, tabs[0], FIRST)
    sent = mails(house)
    # What is typed may even be wrong: it is not kept.
    assert is_told(browser.submit(tabs[1], "/enrolment", email=SECOND, password=""), SECOND)
    assert mails(house) == sent


@pytest.mark.parametrize("stop", ["enrolment", "email_otp"])
def test_a_second_tab_that_is_loaded_again_is_told(house: Provider, psc: HostilePsc, stop: str) -> None:
    browser = house.browser()
    tabs = [by_psc(browser, psc), by_psc(browser, psc)]
    path = tabs[1].request.path
    if stop == "email_otp":
        path = browser.submit(tabs[1], "/enrolment", email=SECOND, **TYPED).request.path
    assert path.endswith(stop)
    finish(house, browser, tabs[0], FIRST)
    page = browser.follow(browser.get(path))
    assert (page.status_code, SECOND in page.text) == (409, stop == "email_otp")
    assert "Votre compte existe déjà" in page.text
    # It is told once, then the hub knows the way.
    assert browser.get(path).status_code == 303


def test_a_proof_of_before_is_void_in_a_second_tab_once_the_account_voided_its_past(
    house: Provider, psc: HostilePsc
) -> None:
    """A new password, say, chosen on another computer."""
    browser = house.browser()
    tabs = [by_psc(browser, psc), by_psc(browser, psc)]
    browser.submit(finish(house, browser, tabs[0], FIRST), "/charter", accepted="yes")
    account = house.accounts.find_by_rpps(NEW_RPPS)
    assert account is not None
    house.accounts.save(account.next_generation())
    page = browser.follow(browser.get(tabs[1].request.path))
    assert page.status_code == 409
    doors = go_on(browser, page)
    assert "Identifiez-vous" in doors.text
    assert answer_of(browser.follow(browser.get(go(browser, psc, doors))))["code"]


def test_a_second_tab_that_asks_for_another_code_is_told_and_gets_none(
    house: Provider, psc: HostilePsc
) -> None:
    browser = house.browser()
    tabs = [by_psc(browser, psc), by_psc(browser, psc)]
    waiting = browser.submit(tabs[1], "/enrolment", email=SECOND, **TYPED)
    finish(house, browser, tabs[0], FIRST)
    sent = mails(house)
    assert is_told(browser.submit(waiting, "/email_otp/resend"), SECOND)
    assert mails(house) == sent


def test_the_same_address_with_another_password_is_told_too(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    tabs = [by_psc(browser, psc), by_psc(browser, psc)]
    waiting = browser.submit(tabs[1], "/enrolment", email=FIRST, **{**TYPED, "password": "autre " + PASSWORD})
    finish(house, browser, tabs[0], FIRST)
    page = browser.follow(browser.get(waiting.request.path))
    assert page.status_code == 409
    assert FIRST not in page.text  # it is that of the account, masked: nothing to compare
    assert "n'a pas été gardé" in page.text.replace("&#39;", "'")


def test_a_page_of_a_first_connection_goes_on_once_the_account_exists(
    psc: HostilePsc, app_factory: Callable[..., Provider]
) -> None:
    house = app_factory(**settings_of(psc), enrolment_from_psc=False)
    browser = house.browser()
    waiting = by_psc(browser, psc)
    assert waiting.request.path.endswith("/first_connection")
    with_card = dataclasses.replace(
        house.account,
        id="account-of-nadia",  # type: ignore[arg-type]
        subject="subject-of-nadia",
        email=FIRST,
        identity=dataclasses.replace(house.account.identity, rpps=NEW_RPPS),
    )
    house.accounts.add(with_card)
    page = browser.follow(browser.get(waiting.request.path))
    assert "Votre compte existe déjà" in page.text
    assert "code=" in go_on(browser, page).headers["Location"]


def test_a_sub_that_went_to_another_person_meanwhile_signs_nobody_in(
    house: Provider, psc: HostilePsc
) -> None:
    browser = house.browser()
    tabs = [by_psc(browser, psc), by_psc(browser, psc)]
    finish(house, browser, tabs[0], FIRST)
    with house.database.begin() as connection:
        connection.execute(sa.update(upstream_links).values(account_id=house.account.id))
    page = browser.submit(tabs[1], "/enrolment", email=SECOND, **TYPED)
    assert page.status_code == 403
    assert audited(house)[-1] == "psc:link:refused"


def test_with_the_password_door_closed_no_password_is_asked_for_and_none_opens_the_account_later(
    psc: HostilePsc, app_factory: Callable[..., Provider]
) -> None:
    house = app_factory(**settings_of(psc), enrolment_from_psc=True, password_door=False)
    browser = house.browser()
    form = by_psc(browser, psc)
    assert 'type="password"' not in form.text
    assert "mot de passe" not in form.text.lower()
    assert "Charte" in finish(house, browser, form, FIRST, **ADDRESS).text
    account = house.accounts.find_by_rpps(NEW_RPPS)
    assert account is not None
    assert not account.has_password
    assert "mot de passe" not in browser.get("/").text.lower()
    # The door is opened.
    opened = dataclasses.replace(
        house.settings, password=dataclasses.replace(house.settings.password, door=True)
    )
    later = Provider(create(opened), opened, house.database, house.account)
    for wrong in ("", "decoy", PASSWORD):
        stranger = later.browser()
        page = stranger.submit(
            stranger.follow(stranger.authorize()), "/password", rpps=NEW_RPPS, password=wrong
        )
        assert page.status_code == 422
    # Who was identified by Pro Santé Connect chooses the first one.
    at_home = later.browser()
    at_home.submit(by_psc(at_home, psc), "/charter", accepted="yes")
    assert "Choisir un mot de passe" in at_home.get("/account/password").text
    chosen = at_home.submit(at_home.get("/account/password"), "/password", new_password=PASSWORD)
    assert "Votre mot de passe est enregistré" in chosen.text
    person_of_both = later.browser()
    page = person_of_both.submit(
        person_of_both.follow(person_of_both.authorize()), "/password", rpps=NEW_RPPS, password=PASSWORD
    )
    assert page.request.path.endswith("/email_otp")
