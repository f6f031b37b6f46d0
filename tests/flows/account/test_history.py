"""The section « Historique »: what a person reads there, and « Ce n'était pas moi »."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts.account import ClosedFor
from idp.adapters.sql.audit import SqlAudit
from idp.adapters.sql.passkeys import SqlPasskeys
from idp.adapters.sql.schema import audit_events, logout_notices
from idp.core.audit import AuditEvent
from idp.core.clock import SystemClock
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.authenticator import Authenticator
from tests.fakes import FixedClock
from tests.passkeys import a_passkey, give, options_of
from tests.passkeys import link_of as passkey_link
from tests.protocol.psc import by_psc, facts, settings_of, subjects_of_mails
from tests.provider import PASSWORD, RP, RPPS, Browser, Provider, answer_of, audited

SECTION = "/account/history"
HELP_DESK = "03 20 00 00 00, poste 4242"


@pytest.fixture
def house(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Provider:
    made = app_factory(**settings_of(psc), help_desk=HELP_DESK)
    return made.register(RP, backchannel_logout_uri="https://trajectoire.example/back")


@pytest.fixture
def browser(house: Provider) -> Browser:
    browser = house.browser()
    browser.sign_in()
    return browser


def words(page: TestResponse) -> list[str]:
    """Each entry without its hour."""
    entries = BeautifulSoup(page.text, "html.parser").select('p[id^="entry-"]')
    return [" ".join(one.get_text(" ").split()).partition(" h ")[2][3:] for one in entries]


def days(page: TestResponse) -> list[str]:
    return [day.get_text() for day in BeautifulSoup(page.text, "html.parser").select("section h2")]


def link_of(page: TestResponse, said: str) -> str:
    soup = BeautifulSoup(page.text, "html.parser")
    entry = next(one for one in soup.select('p[id^="entry-"]') if said in one.get_text())
    link = soup.find("a", attrs={"aria-describedby": entry["id"]})
    assert link is not None, f"no way to report {said}"
    return str(link["href"])  # type: ignore[index]


def text(page: TestResponse) -> str:
    return " ".join(BeautifulSoup(page.text, "html.parser").get_text(" ").split())


def title(page: TestResponse) -> str:
    heading = BeautifulSoup(page.text, "html.parser").h1
    assert heading is not None
    return heading.get_text()


def report(browser: Browser, said: str) -> TestResponse:
    page = browser.get(link_of(browser.get(SECTION), said))
    return browser.submit(page, "/report")


def test_a_person_reads_how_they_signed_in_and_where(
    house: Provider, browser: Browser, psc: HostilePsc
) -> None:
    typing = house.browser()
    typing.submit(typing.follow(typing.authorize()), "/password", rpps=RPPS, password="wrong")
    assert answer_of(by_psc(house.browser(), psc))["code"]
    page = browser.get(SECTION)
    assert words(page) == [
        "Connexion par Pro Santé Connect , ViaTrajectoire",
        "Compte relié à Pro Santé Connect",
        "Première identification par Pro Santé Connect",
        "Mot de passe refusé , ViaTrajectoire",
        "Connexion par mot de passe , ViaTrajectoire",
    ]
    assert "code:issue" not in page.text


def test_nobody_signed_in_is_led_to_a_sign_in_and_back(house: Provider) -> None:
    for path in (SECTION, f"{SECTION}/report/1"):
        answer = house.browser().get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/account/sign-in?to=history")


def write(house: Provider, *ages: timedelta) -> None:
    now = datetime.now(UTC)
    for age in ages:
        audit = SqlAudit(house.database, FixedClock(now - age))
        audit.record(AuditEvent.CONTEXT_CHOSEN, account_id=house.account.id)


def test_it_is_told_by_days_of_the_last_twelve_months(house: Provider) -> None:
    write(house, timedelta(days=366), timedelta(days=364), timedelta(days=2), timedelta(days=2, seconds=1))
    browser = house.browser()
    browser.sign_in()
    page = browser.get(SECTION)
    assert len(words(page)) == 4
    assert len(days(page)) in (3, 4)  # midnight may be between the two


def test_older_pages_follow_without_a_gap(house: Provider) -> None:
    write(house, *(timedelta(minutes=minutes) for minutes in range(120, 0, -1)))
    browser = house.browser()
    browser.sign_in()
    page, seen = browser.get(SECTION), 0
    while True:
        seen += len(words(page))
        older = BeautifulSoup(page.text, "html.parser").find("a", string="Voir plus ancien")
        if older is None:
            break
        page = browser.get(str(older["href"]))  # type: ignore[index]
        assert "Revenir au plus récent" in page.text
    assert seen == 121


@pytest.mark.parametrize("before", ["", "-1", "x", "9" * 40, "１", "0"])
def test_a_page_that_is_none_is_the_newest_or_empty(browser: Browser, before: str) -> None:
    page = browser.get(SECTION, query_string={"before": before})
    assert page.status_code == 200
    assert len(words(page)) == (0 if before == "0" else 1)


def test_the_question_tells_what_will_happen_and_changes_nothing(house: Provider, browser: Browser) -> None:
    before = audited(house)
    page = browser.get(link_of(browser.get(SECTION), "Connexion"))
    assert title(page).startswith("Ce n'était pas vous")
    assert "Connexion par mot de passe" in page.text
    assert audited(house) == before


def test_it_ends_every_session_and_says_whom_to_call(house: Provider, psc: HostilePsc) -> None:
    stranger, browser = house.browser(), house.browser()
    tokens: dict[str, Any] = house.exchange(stranger.sign_in()).get_json()
    by_psc(browser, psc)
    page = report(browser, "Connexion par mot de passe")
    assert title(page) == "Votre compte est protégé"
    assert HELP_DESK in page.text
    for one in (stranger, browser):
        assert answer_of(one.authorize(prompt="none"))["error"] == "login_required"
    assert house.userinfo(tokens["access_token"]).status_code == 401
    with house.database.connect() as connection:
        assert connection.execute(sa.select(logout_notices.c.client_id)).scalars().all() == [RP]
    (reported,) = facts(house, "account:report:accepted")
    assert reported["reported"] == "session:start:accepted"
    assert facts(house, "password:close:accepted") == [{"motive": "reported"}]
    assert subjects_of_mails(house)[-1] == "Votre compte a été protégé"
    assert facts(house, "session:end:accepted")[-1] == {"by": "report", "all": True}


def test_of_a_sign_in_by_another_door_nothing_is_said_of_the_password(
    house: Provider, browser: Browser, psc: HostilePsc
) -> None:
    by_psc(house.browser(), psc)
    page = report(browser, "Connexion par Pro Santé Connect")
    assert title(page) == "Votre compte est protégé"
    assert "mot de passe" not in page.text
    assert facts(house, "password:close:accepted") == []
    assert house.accounts.get(house.account.id).is_password_door_open


@pytest.mark.parametrize("is_proved", [False, True], ids=["on somebody's word", "proved"])
def test_of_a_sign_in_by_a_passkey_that_passkey_goes_and_the_page_says_so(
    is_proved: bool, house: Provider, browser: Browser, psc: HostilePsc
) -> None:
    """Who did not prove who they are does not come back by the password: it is closed too."""
    used, other = Authenticator(), Authenticator(credential_id=b"of another device")
    give(house, used)
    give(house, other, passkey_id="passkey-2")
    stranger = house.browser()
    door = stranger.get(passkey_link(stranger.follow(stranger.authorize())))
    assert answer_of(stranger.submit(door, "/passkey", credential=used.answer(options_of(door))))["code"]
    if is_proved:
        browser = house.browser()
        by_psc(browser, psc)
    page = browser.get(link_of(browser.get(SECTION), "Connexion par clé d'accès"))
    assert "La clé d'accès utilisée sera retirée" in text(page)
    page = browser.submit(page, "/report")
    assert "La clé d'accès est retirée de votre compte" in text(page)
    assert ("mot de passe" in text(page)) is not is_proved
    assert house.accounts.get(house.account.id).is_password_door_open is is_proved
    assert [one.id for one in SqlPasskeys(house.database).of(house.account.id)] == ["passkey-2"]
    assert facts(house, "passkey:remove:accepted") == [{"passkey": "passkey-1"}]


def test_of_a_passkey_that_was_removed_since_nothing_more_is_said(house: Provider, browser: Browser) -> None:
    audit = SqlAudit(house.database, FixedClock(datetime.now(UTC)))
    audit.record(AuditEvent.PASSKEY_ADDED, account_id=house.account.id, passkey="passkey-1")
    page = report(browser, "Clé d'accès ajoutée")
    assert "est retirée" not in text(page)


def test_the_password_opens_nothing_until_another_is_chosen(house: Provider, browser: Browser) -> None:
    page = report(browser, "Connexion par mot de passe")
    assert "Votre mot de passe n'ouvre plus rien" in text(page)
    other = house.browser()
    refused = other.submit(other.follow(other.authorize()), "/password", rpps=RPPS, password=PASSWORD)
    assert refused.status_code == 422
    closure = house.accounts.get(house.account.id).password_closure
    assert closure is not None
    assert closure.motive is ClosedFor.REPORTED


def test_what_was_reported_is_in_the_history_and_is_not_reported_again(
    house: Provider, browser: Browser, psc: HostilePsc
) -> None:
    report(browser, "Connexion")
    again = house.browser()
    closed = again.follow(by_psc(again, psc))
    assert "a été choisi dans l'historique" in text(closed)
    assert answer_of(again.submit(closed, "/password_closed"))["code"]
    page = again.get(SECTION)
    assert "« Ce n'était pas moi » : signalé" in text(page)
    with pytest.raises(AssertionError):
        link_of(page, "signalé")


def test_twice_it_asks_for_a_sign_in(house: Provider, browser: Browser) -> None:
    page = browser.get(link_of(browser.get(SECTION), "Connexion"))
    fields = {
        str(one["name"]): str(one["value"])
        for one in BeautifulSoup(page.text, "html.parser").select("form input")
    }
    assert browser.post(f"{SECTION}/report", data=fields).headers["Location"] == "/answer"
    again = browser.post(f"{SECTION}/report", data=fields)
    assert again.headers["Location"] == "/account/sign-in?to=history"
    assert audited(house).count("account:report:accepted") == 1


@pytest.mark.parametrize("guessed", ["another's", "not shown", "999999", "", "x", "-1", "1" * 40])
def test_what_is_no_line_of_this_person_is_reported_by_nobody(
    house: Provider, browser: Browser, guessed: str
) -> None:
    audit = SqlAudit(house.database, FixedClock(datetime.now(UTC)))
    audit.record(AuditEvent.SESSION_STARTED, account_id="account-of-bob")
    audit.record(AuditEvent.CODE_REDEEMED, account_id=house.account.id)
    audit.record(AuditEvent.ACCOUNT_UNLOCKED, account_id=house.account.id)
    with house.database.connect() as connection:
        newest = connection.execute(sa.select(sa.func.max(audit_events.c.id))).scalar_one()
    numbers = {"another's": str(newest - 2), "not shown": str(newest - 1)}
    entry = numbers.get(guessed, guessed)
    if entry:
        asked = browser.follow(browser.get(f"{SECTION}/report/{entry}"))
        assert "n'est plus dans l'historique" in text(asked)
    page = browser.get(link_of(browser.get(SECTION), "Connexion"))
    answer = browser.submit(page, "/report", entry=entry)
    assert "n'est plus dans l'historique" in text(answer)
    assert audited(house).count("account:report:accepted") == 0


def test_an_application_that_is_gone_is_not_named(house: Provider, browser: Browser) -> None:
    file = house.settings.where.clients_file
    file.write_text(file.read_text().replace(f"client_id: {RP}", "client_id: other"))
    assert words(browser.get(SECTION)) == ["Connexion par mot de passe"]


def test_it_is_read_in_english(browser: Browser) -> None:
    page = browser.get(SECTION, headers={"Accept-Language": "en"})
    assert "Sign-in by password" in page.text
    assert PASSWORD not in page.text


def test_a_passkey_that_somebody_added_is_removed_with_the_report(house: Provider, browser: Browser) -> None:
    passkeys, audit = SqlPasskeys(house.database), SqlAudit(house.database, SystemClock())
    passkeys.add(a_passkey(account_id=house.account.id), most=9)
    (known,) = passkeys.of(house.account.id)
    audit.record(AuditEvent.PASSKEY_ADDED, account_id=house.account.id, passkey=known.id)
    report(browser, "Clé d'accès ajoutée")
    assert passkeys.of(house.account.id) == ()
    assert facts(house, "passkey:remove:accepted") == [{"passkey": known.id}]
