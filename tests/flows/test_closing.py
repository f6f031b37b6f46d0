"""The page of an account that its person closed: kept by card or Pro Santé Connect, or left to end."""

from bs4 import BeautifulSoup

from tests.adapters.psc.hostile_psc import HostilePsc
from tests.flows.account.conftest import make, psc
from tests.flows.account.test_personal_data import (
    after_the_grace,
    close,
    erase_due,
    house,
    proved,
    says,
    title,
)
from tests.protocol.psc import by_psc, subjects_of_mails
from tests.provider import Browser, Provider, answer_of, audited

__all__ = ["house", "make", "proved", "psc"]


def test_nobody_enters_a_closing_account_and_silence_neither(
    house: Provider, proved: Browser, psc: HostilePsc
) -> None:
    close(proved)
    browser = house.browser()
    page = by_psc(browser, psc)
    assert (title(page), says(page, "Annuler la fermeture")) == ("Votre compte va être fermé", True)
    assert answer_of(browser.authorize(prompt="none"))["error"] in ("login_required", "interaction_required")
    left = browser.submit(page, "/closing/leave")
    assert answer_of(left)["error"] == "access_denied"
    assert house.accounts.get(house.account.id).closing_at is not None


def test_pro_sante_connect_takes_the_closing_back_and_the_sign_in_goes_on(
    house: Provider, proved: Browser, psc: HostilePsc
) -> None:
    close(proved)
    browser = house.browser()
    kept = browser.submit(by_psc(browser, psc), "/closing")
    assert answer_of(kept)["code"]
    assert house.accounts.get(house.account.id).closing_at is None
    assert (audited(house).count("account:close:cancelled"), erase_due(house)) == (1, 0)
    assert subjects_of_mails(house)[-1] == "Votre compte est conservé"


def test_the_password_takes_nothing_back(house: Provider, proved: Browser) -> None:
    close(proved)
    browser = house.browser()
    page = browser.prove(browser.follow(browser.authorize()))
    assert (title(page), says(page, "Annuler la fermeture")) == ("Votre compte va être fermé", False)
    token = BeautifulSoup(page.text, "html.parser").find("input", attrs={"name": "csrf"})
    assert token is not None
    forged = browser.post(page.request.path, data={"csrf": str(token["value"])})
    assert forged.headers["Location"] == page.request.path.removesuffix("/closing")
    assert house.accounts.get(house.account.id).closing_at is not None


def test_a_closing_taken_back_in_another_tab_is_no_fault(
    house: Provider, proved: Browser, psc: HostilePsc
) -> None:
    close(proved)
    browser = house.browser()
    pages = [by_psc(browser, psc) for _ in range(2)]
    assert answer_of(browser.submit(pages[0], "/closing"))["code"]
    assert answer_of(browser.submit(pages[1], "/closing"))["code"]
    assert audited(house).count("account:close:cancelled") == 1


def test_an_account_erased_while_the_closing_page_is_read_leads_to_the_doors(
    house: Provider, proved: Browser, psc: HostilePsc
) -> None:
    close(proved)
    browser = house.browser()
    page = by_psc(browser, psc)
    after_the_grace(house)
    answer = browser.submit(page, "/closing")
    assert (answer.status_code, title(answer)) == (200, "Identifiez-vous")
