"""A password that the lists have learned since it was chosen is changed in the sign-in that proved it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.adapters.sql.accounts import SqlAccounts
from idp.app import create
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.authenticator import Authenticator
from tests.passkeys import give, link_of, options_of
from tests.protocol.psc import by_psc, facts, listening, person, settings_of, subjects_of_mails
from tests.provider import PASSWORD, RPPS, Browser, Provider, answer_of, audited

NEW = "un tout autre mot de passe, bien long"
TITLE = "Choisissez un autre mot de passe"


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.lie = person()
        yield psc


@pytest.fixture
def leaked(tmp_path: Path) -> Path:
    """The operator's list: it learned the password of everybody here, as somebody else typed it."""
    file = tmp_path / "leaked.txt"
    file.write_text(f"court\n{PASSWORD.upper()}\r\nun autre secret de polichinelle\n", "utf-8")
    return file


@pytest.fixture
def house(psc: HostilePsc, leaked: Path, app_factory: Callable[..., Provider]) -> Provider:
    return app_factory(**settings_of(psc), password_leaked_file=leaked)


def at_stop(house: Provider, browser: Browser, **changes: str) -> TestResponse:
    """To the page that asks for another password."""
    page = browser.prove(browser.follow(browser.authorize(**changes)))
    assert heading(page) == TITLE
    return page


def heading(page: TestResponse) -> str:
    found = BeautifulSoup(page.text, "html.parser").h1
    return "" if found is None else found.get_text()


def renewed(browser: Browser, page: TestResponse, password: str = NEW) -> TestResponse:
    return browser.submit(page, "/password_renewal", new_password=password)


def listed_at(house: Provider) -> object:
    return house.accounts.get(house.account.id).password_listed_at


def unlisted(house: Provider, leaked: Path) -> Provider:
    """The same house after a start without that line."""
    leaked.write_text("un autre secret de polichinelle\n")
    return replace(house, app=create(house.settings))


def test_the_application_gets_its_code_after_another_password_was_chosen(house: Provider) -> None:
    browser = house.browser()
    page = at_stop(house, browser)
    assert "code:issue:accepted" not in audited(house)
    code = answer_of(renewed(browser, page))["code"]
    token = house.exchange(code).get_json()
    assert token["id_token"]
    assert listed_at(house) is None
    assert facts(house, "password:change:accepted") == [{"by": "renewal"}]
    assert audited(house).count("password:check:listed") == 1
    assert subjects_of_mails(house)[-1] == "Votre mot de passe a été changé"
    other = house.browser()
    assert answer_of(other.submit(_password(other, NEW), "/email_otp", code=house.last_code()))["code"]


def _password(browser: Browser, password: str) -> TestResponse:
    return browser.submit(browser.follow(browser.authorize()), "/password", rpps=RPPS, password=password)


def test_whoever_closes_the_tab_is_asked_again_and_everywhere(house: Provider) -> None:
    first = house.browser()
    at_stop(house, first)
    found_at = listed_at(house)
    assert found_at is not None
    at_stop(house, house.browser())
    page = first.follow(first.get("/account/sign-in"))
    assert heading(first.prove(page)) == TITLE
    assert listed_at(house) == found_at
    assert audited(house).count("password:check:listed") == 1
    assert "code:issue:accepted" not in audited(house)


def test_no_address_leads_past_it(house: Provider) -> None:
    browser = house.browser()
    page = at_stop(house, browser)
    hub = page.request.path.rpartition("/")[0]
    for stop in ("", "/choice", "/email_otp", "/charter"):
        assert heading(browser.follow(browser.get(f"{hub}{stop}"))) == TITLE
    assert browser.follow(browser.authorize(prompt="none")).headers["Location"].count("login_required") == 1


def test_the_same_and_every_other_bad_one_are_refused_in_words(house: Provider) -> None:
    browser = house.browser()
    page = at_stop(house, browser)
    before = house.accounts.get(house.account.id)
    for bad, said in (
        (PASSWORD, "liste de mots de passe divulgués"),
        ("court", "15\u00a0caractères"),
        ("", "à remplir"),
        ("un autre secret de polichinelle", "liste de mots de passe divulgués"),
    ):
        refused = renewed(browser, page, bad)
        assert (refused.status_code, heading(refused)) == (422, TITLE)
        assert said in refused.text
    assert house.accounts.get(house.account.id) == before


def test_it_is_judged_while_it_is_typed(house: Provider) -> None:
    browser = house.browser()
    page = at_stop(house, browser)
    soup = BeautifulSoup(page.text, "html.parser")
    (field,) = soup.select("input[data-judge]")
    csrf = str(soup.select("input[name=csrf]")[0]["value"])
    for password, accepted in ((PASSWORD, False), (NEW, True)):
        answer = browser.post(str(field["data-judge"]), data={"csrf": csrf, "new_password": password})
        assert answer.get_json()["accepted"] is accepted
    assert soup.select_one('input[autocomplete="username"]')["value"] == RPPS  # type: ignore[index]


def test_sessions_and_other_tabs_end_with_it_and_this_sign_in_goes_on(
    house: Provider, psc: HostilePsc
) -> None:
    elsewhere = house.browser()
    answer_of(by_psc(elsewhere, psc))
    browser = house.browser()
    tab = browser.submit(browser.follow(browser.authorize()), "/password", rpps=RPPS, password=PASSWORD)
    page = at_stop(house, browser)
    assert answer_of(renewed(browser, page))["code"]
    assert answer_of(elsewhere.authorize(prompt="none"))["error"] == "login_required"
    # What the other tab proved was with the password of before.
    assert heading(browser.follow(browser.get(tab.request.path))) == "Identifiez-vous"


def test_a_session_of_before_the_list_learned_it_is_asked_nothing(house: Provider, leaked: Path) -> None:
    before = unlisted(house, leaked)
    browser = before.browser()
    browser.sign_in()
    leaked.write_text(PASSWORD)
    at_stop(house, replace(house, app=create(house.settings)).browser())
    assert answer_of(browser.authorize())["code"]


def test_a_list_that_forgets_it_asks_no_more(house: Provider, leaked: Path) -> None:
    at_stop(house, house.browser())
    assert listed_at(house) is not None
    assert unlisted(house, leaked).browser().sign_in()
    assert listed_at(house) is None


def test_the_card_and_psc_ask_nothing_and_the_section_says_it(house: Provider, psc: HostilePsc) -> None:
    at_stop(house, house.browser())
    browser = house.browser()
    assert answer_of(by_psc(browser, psc))["code"]
    section = browser.get("/account/password")
    assert "parmi les mots de passe courants ou divulgués" in section.text
    browser.submit(section, "/password", new_password=NEW)
    assert listed_at(house) is None


def test_psc_after_the_password_leads_on_without_it(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    page = _password(browser, PASSWORD)
    hub = page.request.path.rpartition("/")[0]
    page = browser.follow(browser.get(f"{hub}/email_otp"))
    assert answer_of(by_psc(browser, psc, page))["code"]
    assert listed_at(house) is not None


def test_a_passkey_in_place_of_the_code_leads_there_too(house: Provider) -> None:
    device = Authenticator()
    give(house, device)
    browser = house.browser()
    page = browser.get(link_of(_password(browser, PASSWORD)))
    page = browser.submit(page, "/passkey", credential=device.answer(options_of(page)))
    assert heading(page) == TITLE
    assert answer_of(renewed(browser, page))["code"]


def test_of_two_tabs_that_choose_one_password_counts_and_the_other_is_told(house: Provider) -> None:
    browser, other = house.browser(), house.browser()
    page, theirs = at_stop(house, browser), at_stop(house, other)
    assert answer_of(renewed(browser, page))["code"]
    late = renewed(other, theirs, f"{NEW} encore")
    assert heading(late) == "Identifiez-vous"
    assert facts(house, "password:change:accepted") == [{"by": "renewal"}]
    again = renewed(browser, page)
    assert again.status_code == 409


def test_another_writer_of_the_account_is_waited_for(
    house: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = house.browser()
    page = at_stop(house, browser)
    save = SqlAccounts.save

    def late(self: SqlAccounts, account: object, **more: object) -> None:
        monkeypatch.setattr(SqlAccounts, "save", save)
        self.save(replace(self.get(house.account.id), locale="en"))
        save(self, account, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(SqlAccounts, "save", late)
    refused = renewed(browser, page)
    assert (refused.status_code, heading(refused)) == (503, TITLE)
    assert answer_of(renewed(browser, refused))["code"]


def test_an_ordinary_password_costs_the_account_no_write(
    psc: HostilePsc, app_factory: Callable[..., Provider]
) -> None:
    house = app_factory(**settings_of(psc))
    assert house.browser().sign_in()
    assert house.accounts.get(house.account.id).version == house.account.version
