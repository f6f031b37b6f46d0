"""A person takes a copy of all that is kept, closes the account, thinks again or not, and comes back as a new one."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts.account import AccountId
from idp.accounts.identity_updates import IdentityUpdates
from idp.accounts.repository import AccountNotFound, StaleAccount
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.audit import SqlAudit
from idp.adapters.sql.erasure import SqlErasures
from idp.adapters.sql.personal_data import HELD, SECRETS
from idp.adapters.sql.schema import logout_notices
from idp.core.audit import AuditEvent
from idp.core.clock import SystemClock
from idp.wiring.accounts import build_pseudonyms
from idp.wiring.resources import open_resources
from idp.wiring.worker import build_eraser
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.people import an_account, an_identity
from tests.protocol.psc import by_psc, person, settings_of, subjects_of_mails
from tests.provider import PASSWORD, RP, RPPS, Browser, Provider, answer_of, audited

DATA, PROOF = "/account/data", "/account/proof?to=data"
CLOSE = f"{DATA}/close"
DAY = timedelta(hours=24)


@pytest.fixture
def house(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Provider:
    house = app_factory(**settings_of(psc), enrolment_from_psc=True)
    house.register(RP, backchannel_logout_uri="https://trajectoire.example/back")
    return house


@pytest.fixture
def proved(house: Provider, psc: HostilePsc) -> Browser:
    browser = house.browser()
    assert answer_of(by_psc(browser, psc))["code"]
    return browser


def title(page: TestResponse) -> str:
    heading = BeautifulSoup(page.text, "html.parser").h1
    assert heading is not None, page.text
    return heading.get_text()


def says(page: TestResponse, words: str) -> bool:
    return words in " ".join(unescape(page.text).replace("\u00a0", " ").split())


def copy(browser: Browser) -> TestResponse:
    return browser.submit(browser.get(DATA), "/copy")


def close(browser: Browser) -> TestResponse:
    return browser.submit(browser.get(CLOSE), "/close")


def after_the_grace(house: Provider) -> int:
    """The worker's lane, as at the end of the grace."""
    account = house.accounts.get(house.account.id)
    house.accounts.save(replace(account, closing_at=datetime.now(UTC) - timedelta(seconds=1)))
    return erase_due(house)


def erase_due(house: Provider) -> int:
    resources = open_resources(house.settings)
    try:
        return build_eraser(resources).run_due()
    finally:
        resources.database.dispose()


def another_person(house: Provider) -> None:
    """Another person's account, beside that of the fixture."""
    other = an_account(
        id=AccountId("account-of-bob"),
        subject="subject-of-bob",
        email="bob@cabinet.example",
        identity=an_identity(rpps="10000000116", family_name="LEGRAND"),
    )
    house.accounts.add(other)


# The copy.


def test_without_a_fresh_proof_nothing_is_shown_nor_handed_over(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    browser.sign_in()
    page = browser.get(DATA)
    assert not says(page, house.account.email)
    assert BeautifulSoup(page.text, "html.parser").find("form", action=f"{DATA}/copy") is None
    psc.now = int(time.time())
    psc.lie = replace(person(), claims={**person().claims, "auth_time": psc.now})
    by_psc(browser, psc, browser.follow(browser.get(PROOF)))
    shown = browser.get(DATA)
    assert says(shown, house.account.email)
    hidden = {
        str(field["name"]): str(field["value"])
        for field in BeautifulSoup(shown.text, "html.parser").select(f'form[action="{DATA}/copy"] input')
    }
    assert browser.post(f"{DATA}/copy", data={}).status_code == 403
    assert browser.post(f"{DATA}/copy", data={**hidden, "session": "other"}).status_code == 303
    assert browser.post(f"{DATA}/copy", data=hidden).mimetype == "application/json"
    assert house.browser().get(DATA).headers["Location"] == "/account/sign-in?to=data"
    assert browser.get(f"{DATA}/copy").status_code == 405


def test_an_old_proof_hands_nothing_over(psc: HostilePsc, app_factory: Callable[..., Provider]) -> None:
    house = app_factory(**settings_of(psc), fresh_proof_life=timedelta(seconds=1))
    psc.lie = replace(person(), claims={**person().claims, "auth_time": psc.now - 5})
    browser = house.browser()
    by_psc(browser, psc)
    assert title(browser.get(DATA)) == "Mes données"
    assert not says(browser.get(DATA), "Télécharger mes données")


def test_the_copy_is_a_file_with_all_that_is_kept_and_is_audited(house: Provider, proved: Browser) -> None:
    answer = copy(proved)
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="caducee-')
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("application/json", "no-store")
    records = json.loads(answer.text)["records"]
    assert records.keys() == {held.table.name for held in HELD} | {"browser_sessions"}
    (account,), (session,) = records["accounts"], records["browser_sessions"]
    assert (account["rpps"], account["subject"]) == (RPPS, house.account.subject)
    assert session["proofs"][0]["authenticator"] == "psc"
    assert {event["event"] for event in records["audit_events"]} >= {
        "psc:login:accepted",
        "code:issue:accepted",
    }
    assert records["charter_acceptances"][0]["revision"] == "2026-1"
    assert audited(house).count("data:export:accepted") == 1


def test_the_copy_says_that_secrets_are_there_and_shows_none(house: Provider, proved: Browser) -> None:
    text = copy(proved).text
    records = json.loads(text)["records"]
    assert records["accounts"][0]["password_hash"] == "present, not shown"
    assert house.accounts.get(house.account.id).password_hash not in text
    session = records["browser_sessions"][0]
    assert (session["secrets"], session["upstream_id_token"]) == ("present, not shown",) * 2
    for table, names in SECRETS.items():
        for row in records[table]:
            assert {row[name] for name in names} <= {"present, not shown", None}


def test_what_is_empty_is_said_in_one_sentence_and_the_copy_has_every_table(
    house: Provider, proved: Browser
) -> None:
    page = proved.get(DATA)
    shown = BeautifulSoup(page.text, "html.parser")
    assert [one for one in shown.select("details.kept") if not one.find("dl")] == []
    records = json.loads(copy(proved).text)["records"]
    empty = [name for name, rows in records.items() if not rows]
    assert {"passkeys", "dead_mails"} <= set(empty)
    (said,) = [one.get_text() for one in shown.select("main p") if "Rien n'est gardé de" in one.get_text()]
    assert said.count(",") == len(empty) - 1
    assert ("clés d'accès" in said, "traces de sécurité" in said) == (True, False)


def test_nothing_of_another_person_is_in_the_copy(house: Provider, proved: Browser) -> None:
    another_person(house)
    text = copy(proved).text + proved.get(DATA).text
    for theirs in ("bob", "LEGRAND", "10000000116"):
        assert theirs not in text


# Closing.


def test_closing_ends_everything_at_once_and_tells_when_the_rest_follows(
    house: Provider, proved: Browser, psc: HostilePsc
) -> None:
    tokens = house.exchange(answer_of(proved.authorize())["code"]).get_json()
    other = house.browser()
    by_psc(other, psc)
    page = close(proved)
    assert (page.status_code, title(page)) == (200, "Votre compte va être fermé")
    account = house.accounts.get(house.account.id)
    assert account.closing_at is not None
    assert timedelta() <= datetime.now(UTC) + DAY - account.closing_at < timedelta(minutes=1)
    assert subjects_of_mails(house)[-1] == "La fermeture de votre compte est demandée"
    assert audited(house).count("account:close:requested") == 1
    for browser in (proved, other):
        assert answer_of(browser.authorize(prompt="none"))["error"] == "login_required"
    assert house.userinfo(tokens["access_token"]).status_code == 401
    with house.database.connect() as connection:
        told = connection.execute(sa.select(logout_notices.c.client_id)).scalars().all()
    assert set(told) == {RP}


def test_of_four_clicks_one_closes(house: Provider, proved: Browser) -> None:
    form = BeautifulSoup(proved.get(CLOSE).text, "html.parser").find("form", action=CLOSE)
    assert form is not None
    hidden = {str(field["name"]): str(field["value"]) for field in form.select('[type="hidden"]')}
    with ThreadPoolExecutor(4) as tabs:
        sent = tabs.map(lambda _: proved.post(CLOSE, data=hidden), range(4))
        answers = [one.headers.get("Location") for one in sent]
    assert answers.count("/answer") == 1
    assert audited(house).count("account:close:requested") == 1


def test_a_change_that_came_first_is_shown_before_the_account_is_closed(
    house: Provider, proved: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = proved.get(CLOSE)

    def overtaken(*_: Any, **__: Any) -> None:
        raise StaleAccount

    monkeypatch.setattr(SqlAccounts, "save", overtaken)
    answer = proved.submit(page, "/close")
    monkeypatch.undo()
    assert (answer.status_code, says(answer, "vient de changer ailleurs")) == (503, True)
    assert house.accounts.get(house.account.id).closing_at is None
    assert "account:close:requested" not in audited(house)


# The end.


def test_after_the_grace_nothing_of_the_person_is_left_but_the_evidence(
    house: Provider, proved: Browser
) -> None:
    close(proved)
    assert after_the_grace(house) == 1
    with pytest.raises(AccountNotFound):
        house.accounts.get(house.account.id)
    assert subjects_of_mails(house) == ["Votre compte est effacé"]
    assert audited(house)[-1] == "account:erase:accepted"
    pseudonym = build_pseudonyms(house.settings).of(RPPS)
    (kept,) = SqlErasures(house.database).evidence_of(pseudonym)
    assert (kept.evidence.revision, RPPS in pseudonym) == ("2026-1", False)
    assert erase_due(house) == 0


def test_whoever_comes_back_enrols_anew_and_is_somebody_else(
    house: Provider, proved: Browser, psc: HostilePsc
) -> None:
    before = answer_of(proved.authorize())["code"]
    close(proved)
    after_the_grace(house)
    page = by_psc(house.browser(), psc)
    assert title(page) == "Créez votre compte"
    assert house.exchange(before).get_json()["error"] == "invalid_grant"


def test_a_sign_in_under_way_goes_on_at_the_doors(house: Provider, proved: Browser) -> None:
    begun = house.browser()
    page = begun.submit(begun.follow(begun.authorize()), "/password", rpps=RPPS, password=PASSWORD)
    code = house.last_code()
    close(proved)
    after_the_grace(house)
    answer = begun.submit(page, "/email_otp", code=code)
    assert (answer.status_code, title(answer)) == (200, "Identifiez-vous")


def test_an_account_erased_at_the_very_moment_of_a_proof_gets_a_page_of_its_own(
    house: Provider, proved: Browser, psc: HostilePsc, monkeypatch: pytest.MonkeyPatch
) -> None:
    close(proved)
    apply = IdentityUpdates.apply

    def erased_first(*arguments: Any, **options: Any) -> None:
        after_the_grace(house)
        apply(*arguments, **options)

    monkeypatch.setattr(IdentityUpdates, "apply", erased_first)
    page = by_psc(house.browser(), psc)
    assert (page.status_code, title(page)) == (410, "Ce compte vient d'être effacé")


def test_a_worker_that_is_to_stop_erases_nobody(house: Provider) -> None:
    house.accounts.save(replace(house.account, closing_at=datetime.now(UTC) - timedelta(seconds=1)))
    resources = open_resources(house.settings)
    assert build_eraser(resources).run_due(lambda: True) == 0
    resources.database.dispose()
    assert house.accounts.get(house.account.id)


def test_an_account_that_the_operator_disabled_is_not_erased(house: Provider) -> None:
    """Erased, its person would be a first connection, and in again."""
    ended = datetime.now(UTC) - timedelta(seconds=1)
    house.accounts.save(replace(house.account, closing_at=ended, enabled=False))
    assert erase_due(house) == 0
    assert not house.accounts.get(house.account.id).may_sign_in


def test_the_copy_does_not_tell_that_an_address_is_another_persons(house: Provider, proved: Browser) -> None:
    audit = SqlAudit(house.database, SystemClock())
    audit.record(AuditEvent.EMAIL_CHANGE_REFUSED, account_id=house.account.id, reason="email_taken")
    audit.record(AuditEvent.ADDRESS_CHANGED, account_id=house.account.id)
    page = proved.get(DATA)
    assert "address:change:accepted" in page.text
    assert "email:change:refused" not in page.text


def test_the_pages_speak_english(house: Provider, proved: Browser) -> None:
    proved.client.set_cookie("caducee_locale", "en", domain="localhost")
    assert title(proved.get(DATA)) == "My data"
    assert title(close(proved)) == "Your account is about to be closed"
