"""One mailbox for two physicians (docs/adr/0045): a code there opens nothing for either, a passkey does, and both are
told."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import jwt
import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.adapters.sql.passkeys import SqlPasskeys
from idp.app import create
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.authenticator import Authenticator
from tests.configured import changed
from tests.flows.email import (
    BOB_RPPS,
    OLD,
    at_code,
    bob,
    is_password_accepted,
    mails,
    psc_of_alice,
    says,
    title,
)
from tests.passkeys import give, options_of
from tests.protocol.psc import by_psc, facts, person, settings_of
from tests.provider import PASSWORD, RPPS, Browser, Provider, answer_of, audited

SUBJECT = "Votre adresse e-mail est aussi celle d'un autre compte"
TYPED = {
    "address_line1": "1 rue de la Paix",
    "postal_code": "75002",
    "city": "Paris",
    "password": "violon tambour cerise",
}


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with psc_of_alice() as psc:
        yield psc


@pytest.fixture
def make(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Callable[..., Provider]:
    def make(**changes: Any) -> Provider:
        return app_factory(**settings_of(psc), enrolment_from_psc=True, **changes)

    return make


@pytest.fixture
def house(make: Callable[..., Provider]) -> Provider:
    return make(shared_mailboxes=True)


def enrolled(
    house: Provider, psc: HostilePsc, email: str = OLD.upper(), rpps: str = BOB_RPPS
) -> TestResponse:
    """Bob, by the form of a first connection, with the code that came."""
    psc.lie = person(rpps)
    browser = house.browser()
    page = browser.submit(by_psc(browser, psc), "/enrolment", email=email, **TYPED)
    return browser.submit(page, "/email_otp", code=house.last_code())


def account_of(house: Provider, rpps: str) -> Any:
    return house.accounts.find_by_rpps(rpps)


def by_password(house: Provider, browser: Browser | None = None) -> TestResponse:
    browser = browser or house.browser()
    page = browser.follow(browser.authorize())
    return browser.submit(page, "/password", rpps=RPPS, password=PASSWORD)


def test_a_second_person_at_the_address_closes_the_password_of_both_and_both_are_told(
    house: Provider, psc: HostilePsc
) -> None:
    assert is_password_accepted(house)
    assert "charte" in title(enrolled(house, psc)).lower()
    told = [(mail.to, mail.subject) for mail in mails(house)][-2:]
    assert sorted(told) == [("AICHA.DUPONT@hopital.example", SUBJECT), (OLD, SUBJECT)]
    names = "".join(mail.text for mail in mails(house)[-2:])
    assert names.count("Ce message concerne ce compte") == 2
    for rpps in (RPPS, BOB_RPPS):
        account = account_of(house, rpps)
        assert (account.is_mailbox_shared, account.is_password_door_open) == (True, False)
    refused = by_password(house)
    assert (refused.status_code, "incorrect" in says(refused)) == (422, True)
    assert facts(house, "password:check:refused")[-1] == {"reason": "mailbox_shared"}
    assert len(facts(house, "email:share:accepted")) == 2
    psc.lie = person()
    assert answer_of(by_psc(house.browser(), psc))["code"]


def test_who_comes_third_is_told_alone(house: Provider, psc: HostilePsc) -> None:
    bob(house, OLD)
    before = len(mails(house))
    enrolled(house, psc, rpps="10000000116")
    assert [mail.subject for mail in mails(house)[before:]] == [SUBJECT]
    assert len(facts(house, "email:share:accepted")) == 1


def test_with_a_passkey_it_follows_the_password_in_place_of_the_code(house: Provider) -> None:
    bob(house, OLD)
    authenticator = Authenticator()
    give(house, authenticator)
    browser = house.browser()
    page = by_password(house, browser)
    assert title(page) == "Utilisez votre clé d'accès"
    assert mails(house) == []
    credential = authenticator.answer(options_of(page))
    token = house.exchange(answer_of(browser.submit(page, "/passkey", credential=credential))["code"])
    told = jwt.decode(token.get_json()["id_token"], options={"verify_signature": False})
    assert (told["acr"], told["amr"]) == ("urn:caducee:acr:passkey", ["pwd", "hwk", "user", "mfa"])


def test_a_code_on_its_way_when_the_second_comes_opens_nothing(house: Provider) -> None:
    browser = house.browser()
    page = at_code(browser)
    code = house.last_code()
    bob(house, OLD)
    page = browser.submit(page, "/email_otp", code=code)
    assert "est aussi celle d'un autre compte : aucun code ne peut y être envoyé" in says(page)
    assert "password:check:accepted" in audited(house)
    assert "mail_code:check:accepted" not in audited(house)


@pytest.mark.parametrize("passkeys", ["allow", "forbid"])
def test_what_a_code_opened_before_proves_nothing_any_more(
    passkeys: str, make: Callable[..., Provider]
) -> None:
    house = make(shared_mailboxes=True, passkeys=passkeys)
    browser = house.browser()
    tokens = house.exchange(browser.sign_in()).get_json()
    assert house.userinfo(tokens["access_token"]).status_code == 200
    bob(house, OLD)
    assert house.userinfo(tokens["access_token"]).status_code == 401
    assert answer_of(browser.authorize(prompt="none"))["error"] == "login_required"
    assert browser.get("/account/history").status_code == 303


def test_the_pages_of_the_account_say_so_and_show_no_password_as_a_way_in(
    house: Provider, psc: HostilePsc
) -> None:
    bob(house, OLD)
    browser = house.browser()
    by_psc(browser, psc)
    assert "aussi celle d'un autre compte" in says(browser.get("/account/email"))
    assert "aussi celle d'un autre compte" in says(browser.get("/account/password"))
    home = BeautifulSoup(browser.get("/").text, "html.parser").select(".applications .hint")
    assert home
    assert not any("mot de passe" in one.get_text() for one in home)


def test_an_address_of_ones_own_opens_the_door_for_both(house: Provider, psc: HostilePsc) -> None:
    bob(house, OLD)
    browser = house.browser()
    by_psc(browser, psc)
    page = browser.submit(browser.get("/account/email"), "/account/email", email="aicha@cabinet.example")
    browser.submit(page, "/email/code", code=house.last_code())
    assert is_password_accepted(house)
    assert account_of(house, BOB_RPPS).is_password_door_open
    # And back again: nobody is asked, both are told.
    page = browser.submit(browser.get("/account/email"), "/account/email", email=OLD)
    assert "mail_code" not in says(page)
    browser.submit(page, "/email/code", code=house.last_code())
    assert [mail.subject for mail in mails(house)].count(SUBJECT) == 2
    assert not is_password_accepted(house)


def test_the_address_of_another_is_refused_while_mailboxes_are_not_shared(
    make: Callable[..., Provider], psc: HostilePsc
) -> None:
    house = make()
    page = enrolled(house, psc)
    assert "déjà" in says(page)
    assert account_of(house, BOB_RPPS) is None
    assert is_password_accepted(house)


def test_when_it_is_allowed_no_more_who_shares_stays_as_they_are_and_nobody_joins(
    house: Provider, psc: HostilePsc
) -> None:
    bob(house, OLD)
    settings = changed(house.settings, shared_mailboxes=False)
    later = replace(house, app=create(settings), settings=settings)
    assert not is_password_accepted(later)
    assert "déjà" in says(enrolled(later, psc, rpps="10000000116"))
    # Another change of one of them is none of the address.
    psc.lie = person()
    browser = later.browser()
    by_psc(browser, psc)
    page = browser.submit(
        browser.get("/account/address"),
        "/address",
        **{name: TYPED[name] for name in ("address_line1", "postal_code", "city")},
    )
    assert "est enregistrée" in says(page)


def test_where_passkeys_are_closed_since_the_password_leads_back_to_the_doors_which_say_why(
    house: Provider,
) -> None:
    bob(house, OLD)
    give(house, Authenticator())
    assert len(SqlPasskeys(house.database).of(house.account.id)) == 1
    settings = changed(house.settings, passkeys="forbid")
    page = by_password(replace(house, app=create(settings), settings=settings))
    assert "aucun code ne peut y être envoyé" in says(page)
