"""« Ce n'était pas moi »: the link in the mail to the former address closes the password door, once, for 72 hours."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts.account import ClosedFor
from idp.accounts.email_change import digest_of
from idp.adapters.sql.email_schema import email_undos
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.flows.email import (
    NEW,
    OLD,
    age_address,
    at_code,
    is_password_accepted,
    last_mail,
    mails,
    psc_of_alice,
    psc_settings,
    says,
    title,
)
from tests.protocol.psc import by_psc, facts
from tests.provider import PASSWORD, Browser, Provider, answer_of, audited

ASK = "Vous n'avez pas changé d'adresse e-mail ?"
DONE = "La connexion par mot de passe est fermée"
GONE = "Ce lien ne sert plus"
CLOSED = "Votre mot de passe est fermé"


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with psc_of_alice() as psc:
        yield psc


@pytest.fixture
def house(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Provider:
    """Somebody with Alice's card gave her account another address."""
    made = app_factory(**psc_settings(psc), help_desk="01 02 03 04 05")
    change_address(made, psc)
    return made


def change_address(house: Provider, psc: HostilePsc) -> None:
    age_address(house, 366)
    browser = house.browser()
    page = browser.submit(by_psc(browser, psc), "/email_again", email=NEW)
    assert browser.submit(page, "/code", code=last_mail(house, NEW).code).status_code == 303


def undo(house: Provider, browser: Browser | None = None) -> TestResponse:
    browser = browser or house.browser()
    link = last_mail(house, OLD).link
    return browser.submit(browser.get(link), link)


def test_one_button_closes_the_password_door_and_starts_nothing_else(house: Provider) -> None:
    before = house.accounts.get(house.account.id)
    browser = house.browser()
    link = last_mail(house, OLD).link
    page = browser.get(link)
    assert (page.status_code, title(page)) == (200, ASK)
    assert house.accounts.get(house.account.id) == before  # A mail gateway opens links too.
    page = browser.submit(page, link)
    assert (page.status_code, title(page), "01 02 03 04 05" in page.text) == (200, DONE, True)
    after = house.accounts.get(house.account.id)
    assert after.password_closure is not None
    assert after.password_closure.motive is ClosedFor.EMAIL_DISOWNED
    assert (after.email, after.generation, after.password_hash) == (
        NEW,
        before.generation,
        before.password_hash,
    )
    assert facts(house, "password:close:accepted") == [{"motive": "email_disowned"}]
    assert "session:end:accepted" not in audited(house)
    assert last_mail(house, NEW).subject == "Votre mot de passe a été fermé"


def test_the_mail_says_until_when_and_whom_to_ask(house: Provider) -> None:
    mail = last_mail(house, OLD)
    assert re.search(r"Ouvrez cette page avant le \d+\s\w+\s\d{4}, \d\d\sh\s\d\d", mail.text)
    assert "01 02 03 04 05" in mail.text
    assert NEW not in mail.text
    with house.database.connect() as connection:
        (row,) = connection.execute(sa.select(email_undos)).all()
    token = mail.link.rpartition("/")[2]
    assert (row.token_sha256, token in str(row)) == (digest_of(token), False)
    assert row.ends_at - row.changed_at == timedelta(hours=72)


def test_a_closed_password_is_refused_like_a_wrong_one(house: Provider) -> None:
    undo(house)
    assert not is_password_accepted(house)
    browser = house.browser()
    refused = at_code(browser)
    assert (refused.status_code, "Identifiant ou mot de passe incorrect" in says(refused)) == (422, True)
    assert facts(house, "password:check:refused")[-1] == {"reason": "password_closed"}


def test_a_sign_in_half_way_stops_at_its_code(house: Provider) -> None:
    browser = house.browser()
    page = at_code(browser)
    code = last_mail(house, NEW).code
    undo(house)
    page = browser.submit(page, "/email_otp", code=code)
    assert title(page) == "Identifiez-vous"
    assert "mail_code:check:accepted" not in audited(house)[-3:]


def test_the_person_is_told_once_and_a_new_password_opens_the_door(house: Provider, psc: HostilePsc) -> None:
    undo(house)
    browser = house.browser()
    page = by_psc(browser, psc)
    assert title(page) == CLOSED
    assert "choisissez un nouveau mot de passe" in says(page)
    assert "code" in answer_of(browser.submit(page, "/password_closed"))
    assert "code" in answer_of(by_psc(house.browser(), psc))
    new = "un tout autre mot de passe, bien long"
    browser.submit(browser.get("/account/password"), "/password", new_password=new)
    assert house.accounts.get(house.account.id).password_closure is None
    assert is_password_accepted(house, new)


def test_a_session_that_the_password_began_does_not_open_it_again(house: Provider) -> None:
    """It goes on, and the present password would do there: whoever knows it is not let back in by it."""
    browser = house.browser()
    assert "code" in answer_of(
        browser.submit(at_code(browser), "/email_otp", code=last_mail(house, NEW).code)
    )
    left_open = browser.get("/account/password")
    undo(house)
    new = "un tout autre mot de passe, bien long"
    page = browser.submit(left_open, "/account/password", password=PASSWORD, new_password=new)
    assert title(page) == "Identifiez-vous"  # To prove who it is.
    page = browser.get("/account/password")
    assert "Votre mot de passe est fermé" in says(page)
    assert not BeautifulSoup(page.text, "html.parser").select('[name="password"]')
    assert not is_password_accepted(house, new)


def test_a_link_closes_once(house: Provider) -> None:
    browser, link = house.browser(), last_mail(house, OLD).link
    form = browser.get(link)
    for _ in range(2):
        page = browser.submit(form, link)
        assert title(page) == DONE
        assert not BeautifulSoup(page.text, "html.parser").select('form[action*="undo"]')
    assert audited(house).count("email:change:disowned") == 1


def test_of_several_clicks_at_once_one_counts(house: Provider) -> None:
    browser = house.browser()
    link = last_mail(house, OLD).link
    form = BeautifulSoup(browser.get(link).text, "html.parser").select_one(f'form[action="{link}"]')
    assert form is not None
    hidden = {str(one["name"]): str(one["value"]) for one in form.select('[type="hidden"]')}
    with ThreadPoolExecutor(4) as clicks:
        answers = list(clicks.map(lambda _: browser.post(link, data=hidden).status_code, range(4)))
    assert set(answers) == {303}
    assert audited(house).count("email:change:disowned") == 1
    assert [mail.subject for mail in mails(house)].count("Votre mot de passe a été fermé") == 1


@pytest.mark.parametrize("token", ["x" * 43, "short", "x" * 42 + "é", "%00" * 43])
def test_a_link_that_is_none_does_nothing(house: Provider, token: str) -> None:
    browser = house.browser()
    page = browser.get(f"/account/email/undo/{token}")
    assert (page.status_code, title(page)) == (404, GONE)
    assert house.accounts.get(house.account.id).password_closure is None


def test_after_72_hours_the_link_is_over(house: Provider) -> None:
    link = last_mail(house, OLD).link
    browser = house.browser()
    page = browser.get(link)
    with house.database.begin() as connection:
        connection.execute(sa.update(email_undos).values(ends_at=datetime.now(UTC)))
    page = browser.submit(page, link)
    assert (page.status_code, title(page)) == (404, GONE)
    assert house.accounts.get(house.account.id).password_closure is None
    assert "email:change:disowned" not in audited(house)


def test_a_form_of_another_site_closes_nothing(house: Provider) -> None:
    browser = house.browser()
    link = last_mail(house, OLD).link
    browser.get(link)
    assert browser.post(link, data={}).status_code == 403
    own = BeautifulSoup(browser.get(link).text, "html.parser").select_one('[name="csrf"]')
    assert own is not None
    evil = {"Origin": "https://evil.example"}
    assert browser.post(link, data={"csrf": str(own["value"])}, headers=evil).status_code == 403
    assert house.accounts.get(house.account.id).password_closure is None


def test_the_page_says_nothing_of_the_person(house: Provider) -> None:
    page = house.browser().get(last_mail(house, OLD).link)
    for word in ("Aïcha", "DUPONT", NEW, OLD, house.account.identity.rpps):
        assert word not in page.text
