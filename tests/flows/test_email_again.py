"""An address proved long ago is proved again after the card or Pro Santé Connect: there or at another one, or later."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from tests.adapters.psc.hostile_psc import HostilePsc
from tests.flows.email import (
    NEW,
    OLD,
    OTHERS,
    age_address,
    at_code,
    bob,
    last_mail,
    mails,
    psc_of_alice,
    psc_settings,
    says,
    title,
    with_code,
)
from tests.protocol.psc import by_psc, facts
from tests.provider import Browser, Provider, answer_of, audited

AGAIN = "Est-ce toujours votre adresse e-mail ?"
CODE = "Saisissez le code reçu par e-mail"


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with psc_of_alice() as psc:
        yield psc


@pytest.fixture
def house(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Provider:
    made = app_factory(**psc_settings(psc))
    age_address(made, 366)
    return made


def ask(browser: Browser, page: TestResponse, email: str = OLD) -> TestResponse:
    return browser.submit(page, "/email_again", email=email)


def is_in(page: TestResponse) -> bool:
    return page.status_code == 303 and "code" in answer_of(page)


def test_a_code_proves_the_address_for_another_year(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    page = by_psc(browser, psc)
    assert title(page) == AGAIN
    assert f'value="{OLD}"' in page.text
    page = ask(browser, page)
    assert title(page) == CODE
    page = browser.submit(page, "/code", code=last_mail(house, OLD).code)
    assert is_in(page)
    account = house.accounts.get(house.account.id)
    assert account.email == OLD
    assert datetime.now(UTC) - account.email_verified_at < timedelta(minutes=5)
    assert audited(house).count("email:prove:accepted") == 1
    assert "email:change:accepted" not in audited(house)
    assert [mail for mail in mails(house) if "changée" in mail.subject] == []
    assert is_in(by_psc(house.browser(), psc))


def test_another_address_takes_its_place_and_the_former_one_is_told(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    page = ask(browser, by_psc(browser, psc), NEW)
    assert is_in(browser.submit(page, "/code", code=last_mail(house, NEW).code))
    assert house.accounts.get(house.account.id).email == NEW
    assert audited(house).count("email:change:accepted") == 1
    assert last_mail(house, OLD).subject == "Votre adresse e-mail a été changée"


def test_later_is_once_and_for_some_days(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    page = by_psc(browser, psc)
    assert is_in(browser.submit(page, "/later"))
    assert facts(house, "email:prove:put_off") == [{}]
    assert is_in(by_psc(house.browser(), psc))
    account = house.accounts.get(house.account.id)
    house.accounts.save(replace(account, email_put_off_at=datetime.now(UTC) - timedelta(days=8)))
    browser = house.browser()
    page = by_psc(browser, psc)
    assert (title(page), "Plus tard" in page.text) == (AGAIN, False)
    refused = browser.post(f"{page.request.path}/later", data=hidden(page))
    assert title(browser.follow(refused)) == AGAIN
    assert audited(house).count("email:prove:put_off") == 1


def hidden(page: TestResponse) -> dict[str, str]:
    found = BeautifulSoup(page.text, "html.parser").select_one('[name="csrf"]')
    assert found is not None
    return {"csrf": str(found["value"])}


def test_who_gets_no_more_codes_is_not_kept_out(
    psc: HostilePsc, app_factory: Callable[..., Provider]
) -> None:
    """Whatever stops the mails: a physician with a card in hand goes on."""
    house = app_factory(**psc_settings(psc), mail_codes_per_hour=1, mail_codes_per_day=1)
    age_address(house, 366)
    account = house.accounts.get(house.account.id)
    house.accounts.save(replace(account, email_put_off_at=datetime.now(UTC) - timedelta(days=8)))
    browser = house.browser()
    page = by_psc(browser, psc)
    assert "Plus tard" not in page.text
    page = ask(browser, page)
    assert (title(page), "Plus tard" in page.text) == (CODE, True)
    assert is_in(browser.submit(page, "/later"))


def test_password_and_code_are_not_asked(house: Provider) -> None:
    assert house.browser().sign_in()


def test_a_session_is_not_asked_nor_its_silent_renewal(house: Provider, psc: HostilePsc) -> None:
    account = house.accounts.get(house.account.id)
    house.accounts.save(replace(account, email_verified_at=datetime.now(UTC)))
    browser = house.browser()
    assert is_in(by_psc(browser, psc))
    age_address(house, 400)
    assert "code" in answer_of(browser.authorize(prompt="none"))


def test_no_length_asks_nobody(psc: HostilePsc, app_factory: Callable[..., Provider]) -> None:
    house = app_factory(**psc_settings(psc), email_proved_again_after=timedelta())
    age_address(house, 4000)
    assert is_in(by_psc(house.browser(), psc))


def test_a_wrong_code_counts_here_alone(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    page = ask(browser, by_psc(browser, psc))
    code = last_mail(house, OLD).code
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    for left in (4, 3):
        page = browser.submit(page, "/email_again/code", code=wrong)
        assert (page.status_code, f"Il vous reste {left} essais." in says(page)) == (422, True)
    # The code of the sign-in has its own tries, and this one opens nothing there.
    other = house.browser()
    at_sign_in = at_code(other)
    assert other.submit(at_sign_in, "/email_otp", code=code).status_code == 422
    assert is_in(browser.submit(page, "/email_again/code", code=code))


def test_nothing_changes_before_the_code_and_the_address_can_be_corrected(
    house: Provider, psc: HostilePsc
) -> None:
    browser = house.browser()
    page = ask(browser, by_psc(browser, psc), "typo@cabinet.example")
    assert "typo@cabinet.example" in page.text
    page = browser.submit(page, "/back")
    assert (title(page), with_code(house)) == (AGAIN, [])
    page = ask(browser, page, NEW)
    assert house.accounts.get(house.account.id).email == OLD
    assert is_in(browser.submit(page, "/email_again/code", code=last_mail(house, NEW).code))


@pytest.mark.parametrize(
    "typed", ["", "nobody", "a@b", "x" * 250 + "@cabinet.example", "a@b.example, c@d.example"]
)
def test_what_is_no_address_is_said_and_kept(house: Provider, psc: HostilePsc, typed: str) -> None:
    browser = house.browser()
    page = ask(browser, by_psc(browser, psc), typed)
    assert (page.status_code, title(page)) == (422, AGAIN)
    assert "Erreur :" in says(page)
    assert with_code(house) == []


def test_the_address_of_another_person_is_told_to_that_person_alone(house: Provider, psc: HostilePsc) -> None:
    bob(house)
    browser, other = house.browser(), house.browser()
    free = ask(browser, by_psc(browser, psc), NEW)
    page = ask(other, by_psc(other, psc), OTHERS)
    same = [says(one).replace(NEW, "").replace(OTHERS, "") for one in (free, page)]
    assert (page.status_code, same[0]) == (free.status_code, same[1])
    told = last_mail(house, OTHERS)
    assert told.subject == "Votre adresse e-mail a été demandée pour un autre compte"
    assert "code" not in told.text
    assert house.accounts.get(house.account.id).email == OLD
    assert facts(house, "email:change:refused") == [{"reason": "email_taken"}]
    # The next tries say what they say of any address.
    refused = other.submit(page, "/email_again/code", code="00000000")
    assert "Ce code n'est pas le bon" in says(refused)


def test_no_code_gives_the_address_of_another_person(
    psc: HostilePsc, app_factory: Callable[..., Provider]
) -> None:
    """Not even the right one, which nobody was sent: here every code is known."""
    house = app_factory(**psc_settings(psc), mail_code_fixed="12345678")
    age_address(house, 366)
    bob(house)
    browser = house.browser()
    page = ask(browser, by_psc(browser, psc), OTHERS)
    refused = browser.submit(page, "/email_again/code", code="12345678")
    assert refused.status_code == 422
    assert house.accounts.get(house.account.id).email == OLD
    assert [one.id for one in house.accounts.having_email(OTHERS)] == ["account-of-bob"]


def test_an_address_that_another_person_proved_meanwhile_is_said_to_be_theirs(
    house: Provider, psc: HostilePsc
) -> None:
    """Both can read that mailbox: there is nothing to hide."""
    browser = house.browser()
    page = ask(browser, by_psc(browser, psc), NEW)
    bob(house, NEW)
    page = browser.submit(page, "/email_again/code", code=last_mail(house, NEW).code)
    assert (page.status_code, title(page)) == (409, AGAIN)
    assert "déjà celle d'un autre compte" in says(page)
    assert house.accounts.get(house.account.id).email == OLD
    assert is_in(browser.submit(page, "/later"))


def test_the_stop_cannot_be_skipped_nor_its_form_sent_to_a_sign_in_that_is_not_there(
    house: Provider, psc: HostilePsc
) -> None:
    browser = house.browser()
    page = by_psc(browser, psc)
    hub = page.request.path.rpartition("/")[0]
    assert title(browser.follow(browser.get(hub))) == AGAIN
    fresh = house.browser()
    elsewhere = fresh.follow(fresh.authorize())
    path = elsewhere.request.path.rpartition("/")[0]
    sent = fresh.post(f"{path}/email_again/later", data=hidden(elsewhere))
    assert "email_again" not in fresh.follow(sent).request.path
    assert "email:prove:put_off" not in audited(house)


def offered(house: Provider, email: str = NEW, days: float = 0) -> None:
    """As `idp accounts set-email` does; the address itself was proved lately."""
    age_address(house, 1)
    account = house.accounts.get(house.account.id)
    house.accounts.save(account.with_offer(email, datetime.now(UTC) - timedelta(days=days)))


def test_an_address_that_the_operator_noted_is_proved_like_any_other(
    house: Provider, psc: HostilePsc
) -> None:
    offered(house)
    browser = house.browser()
    page = by_psc(browser, psc)
    assert title(page) == "Est-ce votre nouvelle adresse e-mail ?"
    assert NEW in says(page)
    assert f'value="{NEW}"' in page.text
    page = ask(browser, page, NEW)
    assert is_in(browser.submit(page, "/code", code=last_mail(house, NEW).code))
    account = house.accounts.get(house.account.id)
    assert (account.email, account.email_offer) == (NEW, None)
    assert last_mail(house, OLD).subject == "Votre adresse e-mail a été changée"
    assert "/account/email/undo/" in last_mail(house, OLD).link
    assert is_in(by_psc(house.browser(), psc))


def test_until_then_codes_go_to_the_address_of_before_and_a_password_asks_about_nothing(
    house: Provider, psc: HostilePsc
) -> None:
    offered(house)
    browser = house.browser()
    page = at_code(browser)
    assert with_code(house) == [OLD]
    assert is_in(browser.submit(page, "/email_otp", code=last_mail(house, OLD).code))


def test_who_does_not_want_it_says_later_and_it_lapses(house: Provider, psc: HostilePsc) -> None:
    offered(house)
    browser = house.browser()
    assert is_in(browser.submit(by_psc(browser, psc), "/later"))
    assert is_in(by_psc(house.browser(), psc))
    account = house.accounts.get(house.account.id)
    house.accounts.save(replace(account, email_put_off_at=datetime.now(UTC) - timedelta(days=8)))
    browser = house.browser()
    page = by_psc(browser, psc)
    assert "Plus tard" in page.text
    assert is_in(browser.submit(page, "/later"))
    offered(house, days=15)
    assert is_in(by_psc(house.browser(), psc))


def test_the_section_of_the_account_has_it_in_its_form(house: Provider, psc: HostilePsc) -> None:
    offered(house)
    browser = house.browser()
    browser.submit(by_psc(browser, psc), "/later")
    assert f'value="{NEW}"' in browser.get("/account/email").text
