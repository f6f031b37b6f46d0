"""The section of the e-mail address: shown, changed after a fresh proof by a code, told to applications and to the
former address; whatever else the form is sent with changes nothing."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts.email_otp import MailCodes
from idp.adapters.sql.schema import ephemeral
from idp.core.ephemeral import Kind
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.flows.email import (
    BOB_RPPS,
    NEW,
    OLD,
    OTHERS,
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
from tests.flows.test_email_otp import pass_time
from tests.forms import form_to
from tests.protocol.psc import by_psc, facts, person
from tests.provider import PASSWORD, RPPS, Browser, Provider, answer_of, audited

PATH = "/account/email"
HEADING = "Mon adresse e-mail"
CODE = "Saisissez le code reçu par e-mail"
NO_CODE = "Aucun code à saisir pour l'instant"
MASKED = "a•••@hopital.example"


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with psc_of_alice() as psc:
        yield psc


@pytest.fixture
def make(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Callable[..., Provider]:
    return lambda **changes: app_factory(**psc_settings(psc), **changes)


@pytest.fixture
def house(make: Callable[..., Provider]) -> Provider:
    return make()


@pytest.fixture
def proved(house: Provider, psc: HostilePsc) -> Browser:
    return prove(house.browser(), psc)


def prove(browser: Browser, psc: HostilePsc) -> Browser:
    assert answer_of(by_psc(browser, psc))["code"]
    return browser


def ask(browser: Browser, email: str = NEW) -> TestResponse:
    return browser.submit(browser.get(PATH), PATH, email=email)


def enter(house: Provider, browser: Browser, page: TestResponse, email: str = NEW) -> TestResponse:
    return browser.submit(page, "/code", code=last_mail(house, email).code)


def change(house: Provider, browser: Browser) -> TestResponse:
    return enter(house, browser, ask(browser))


def email_of(house: Provider) -> str:
    return house.accounts.get(house.account.id).email


def hidden(page: TestResponse, action_end: str) -> dict[str, str]:
    _action, fields = form_to(page.text, action_end)
    return fields


def test_a_code_at_the_new_address_changes_it_and_the_former_one_is_told(
    house: Provider, proved: Browser
) -> None:
    before = house.accounts.get(house.account.id)
    assert f'href="{PATH}"' in proved.get("/").text
    page = ask(proved)
    assert (title(page), NEW in page.text, email_of(house)) == (CODE, True, OLD)
    page = enter(house, proved, page)
    assert (page.status_code, title(page)) == (200, HEADING)
    assert "Votre adresse e-mail est changée" in says(page)
    assert NEW in page.text
    after = house.accounts.get(house.account.id)
    assert after.email_verified_at > before.email_verified_at
    assert replace(after, version=0) == replace(
        before, email=NEW, email_verified_at=after.email_verified_at, version=0
    )
    assert audited(house)[-2:] == ["mail_code:check:accepted", "email:change:accepted"]
    told = last_mail(house, OLD)
    assert (told.subject, NEW in told.text) == ("Votre adresse e-mail a été changée", False)
    assert "Votre adresse e-mail est changée" not in says(proved.get(PATH))


def test_applications_see_the_new_address_at_once(house: Provider, proved: Browser) -> None:
    code = answer_of(proved.authorize(scope="openid email"))["code"]
    token = house.exchange(code).get_json()["access_token"]
    assert house.userinfo(token).get_json()["email"] == OLD
    change(house, proved)
    told = house.userinfo(token).get_json()
    assert (told["email"], told["email_verified"]) == (NEW, True)
    code = answer_of(proved.authorize(scope="openid email"))["code"]
    token = house.exchange(code).get_json()["access_token"]
    assert house.userinfo(token).get_json()["email"] == NEW


def test_without_a_fresh_proof_the_address_is_masked_and_stays(house: Provider) -> None:
    browser = house.browser()
    browser.sign_in()
    page = browser.get(PATH)
    assert (MASKED in page.text, OLD in page.text) == (True, False)
    assert not BeautifulSoup(page.text, "html.parser").select('[name="email"]')
    assert 'href="/account/proof?to=email"' in page.text


def test_a_proof_of_long_ago_begins_no_change(house: Provider, proved: Browser, psc: HostilePsc) -> None:
    form = proved.get(PATH)
    age_proofs(house)
    page = proved.submit(form, PATH, email=NEW)
    assert title(page) == "Identifiez-vous"
    page = by_psc_now(proved, psc, page)
    assert (page.request.path, title(page)) == (PATH, HEADING)
    assert (with_code(house), email_of(house)) == ([], OLD)


def age_proofs(house: Provider) -> None:
    """What every session proved was proved eleven minutes earlier."""
    of_sessions = ephemeral.c.kind == Kind.SESSION.value
    with house.database.begin() as connection:
        for row in connection.execute(sa.select(ephemeral).where(of_sessions)).all():
            record = json.loads(row.value)
            for event in record["events"]:
                event["at"] = (datetime.fromisoformat(event["at"]) - timedelta(minutes=11)).isoformat()
            mine = of_sessions & (ephemeral.c.key_hash == row.key_hash)
            connection.execute(sa.update(ephemeral).where(mine).values(value=json.dumps(record)))


def test_nobody_signed_in_is_led_to_a_sign_in_and_back(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    page = browser.follow(browser.get(PATH))
    assert title(page) == "Identifiez-vous"
    page = by_psc(browser, psc, page)
    assert (page.request.path, title(page), OLD in page.text) == (PATH, HEADING, True)


def test_codes_of_sign_ins_under_way_are_void(house: Provider, proved: Browser) -> None:
    other = house.browser()
    page = at_code(other)
    code = last_mail(house, OLD).code
    change(house, proved)
    refused = other.submit(page, "/email_otp", code=code)
    assert (refused.status_code, "c•••@" in refused.text) == (422, False)
    page = other.submit(refused, "/resend")
    assert "a•••@cabinet.example" in page.text
    assert "code" in answer_of(other.submit(page, "/email_otp", code=last_mail(house, NEW).code))


def test_a_code_of_the_change_opens_no_sign_in_and_of_a_sign_in_no_change(
    house: Provider, proved: Browser
) -> None:
    at_change = ask(proved, NEW)
    of_change = last_mail(house, NEW).code
    other = house.browser()
    at_sign_in = at_code(other)
    of_sign_in = last_mail(house, OLD).code
    assert other.submit(at_sign_in, "/email_otp", code=of_change).status_code == 422
    assert proved.submit(at_change, "/code", code=of_sign_in).status_code == 422
    assert email_of(house) == OLD


def test_another_session_of_the_same_person_sees_nothing_of_it(
    house: Provider, proved: Browser, psc: HostilePsc
) -> None:
    ask(proved)
    code = last_mail(house, NEW).code
    other = prove(house.browser(), psc)
    page = other.get(PATH)
    assert title(page) == HEADING
    assert other.post(f"{PATH}/code", data={**hidden(page, PATH), "code": code}).status_code == 303
    assert email_of(house) == OLD


def test_form_shown_to_one_person_changes_nothing_for_the_next_at_the_same_browser(
    house: Provider, proved: Browser, psc: HostilePsc
) -> None:
    bob(house)
    left_open = proved.get(PATH)
    at_its_code = ask(proved)
    code = last_mail(house, NEW).code
    proved.submit(proved.get("/end_session"), "/end_session/confirm")
    psc.lie = person(BOB_RPPS)
    assert "code" in answer_of(by_psc_now(proved, psc))
    for page, action, typed in (
        (left_open, PATH, {"email": "mallory@cabinet.example"}),
        (at_its_code, "/code", {"code": code}),
    ):
        refused = proved.submit(page, action, **typed)
        assert "session de ce navigateur a changé" in says(refused)
    assert email_of(house) == OLD
    assert house.accounts.having_email(OTHERS)


def by_psc_now(browser: Browser, psc: HostilePsc, page: TestResponse | None = None) -> TestResponse:
    """Identified there at this moment, as after a sign-out."""
    psc.now = int(time.time())
    psc.lie = replace(psc.lie, claims={**psc.lie.claims, "auth_time": psc.now})
    return by_psc(browser, psc, page)


def test_a_change_begun_on_a_shared_station_is_over_when_the_next_person_says_not_me(
    house: Provider, proved: Browser
) -> None:
    proved.submit(proved.get("/"), "/station", shared="1")
    proved.submit(proved.follow(proved.get(PATH)), "/same_person")
    page = ask(proved)
    assert 'autocomplete="off"' in proved.submit(page, "/back").text
    page = ask(proved)
    code = last_mail(house, NEW).code
    question = proved.follow(proved.authorize())
    assert title(question).startswith("Vous êtes Aïcha")
    proved.submit(question, "/leave")
    shown = proved.submit(page, "/code", code=code)
    assert (title(shown), email_of(house)) == ("Identifiez-vous", OLD)


def test_the_code_sent_twice_changes_once(house: Provider, proved: Browser) -> None:
    page = ask(proved)
    code = last_mail(house, NEW).code
    for _ in range(2):
        shown = proved.submit(page, "/code", code=code)
        assert (shown.status_code, NEW in shown.text) == (200, True)
    assert audited(house).count("email:change:accepted") == 1


def test_a_slower_click_of_two_finds_it_done(
    house: Provider, proved: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = ask(proved)
    first, whole = house.browser(), MailCodes.check
    for cookie in vars(proved.client)["_cookies"].values():
        first.client.set_cookie(cookie.key, cookie.value, domain="localhost")

    def overtaken(codes: MailCodes, *asked: Any, **where: Any) -> None:
        """The first comes in while the second is at its code."""
        patched.setattr(MailCodes, "check", whole)
        with ThreadPoolExecutor(1) as thread:
            assert thread.submit(enter, house, first, page).result().status_code == 200
        whole(codes, *asked, **where)

    with monkeypatch.context() as patched:
        patched.setattr(MailCodes, "check", overtaken)
        second = enter(house, proved, page)
    assert (second.status_code, title(second), NEW in second.text) == (200, HEADING, True)
    assert audited(house).count("email:change:accepted") == 1


def test_of_several_sends_at_once_one_counts(house: Provider, proved: Browser) -> None:
    page = ask(proved)
    data = {**hidden(page, "/code"), "code": last_mail(house, NEW).code}
    with ThreadPoolExecutor(4) as tabs:
        answers = list(
            tabs.map(lambda _: proved.post(f"{PATH}/code", data=data).headers["Location"], range(4))
        )
    # The others came too late: the account had changed, or there was no change any more.
    assert set(answers) <= {PATH, f"{PATH}?said=1"}
    assert audited(house).count("email:change:accepted") == 1
    assert email_of(house) == NEW


def test_of_two_people_who_want_one_address_the_first_has_it(
    house: Provider, proved: Browser, psc: HostilePsc
) -> None:
    page = ask(proved)
    code = last_mail(house, NEW).code
    bob(house, NEW)
    page = proved.submit(page, "/code", code=code)
    assert (page.status_code, title(page)) == (409, HEADING)
    assert "déjà celle d'un autre compte" in says(page)
    assert email_of(house) == OLD
    assert facts(house, "email:change:refused") == [{"reason": "email_taken"}]
    assert title(proved.get(PATH)) == HEADING


def test_the_answer_for_an_address_of_another_person_is_that_for_a_free_one(
    house: Provider, psc: HostilePsc
) -> None:
    bob(house)
    answers = []
    for email in (NEW, OTHERS):
        browser = prove(house.browser(), psc)
        page = ask(browser, email)
        refused = browser.submit(page, "/code", code="00000000")
        again = browser.submit(refused, "/resend")
        answers.append([(one.status_code, says(one).replace(email, "")) for one in (page, refused, again)])
    assert answers[0] == answers[1]
    wanted = [mail for mail in mails(house) if mail.to == OTHERS]
    assert {mail.subject for mail in wanted} == {"Votre adresse e-mail a été demandée pour un autre compte"}
    assert all(OLD not in mail.text for mail in wanted)


@pytest.mark.parametrize("typed", [OTHERS.upper(), f" mailto:{OTHERS}; ", f"<{OTHERS}>"])
def test_an_address_is_another_persons_however_it_is_written(
    house: Provider, proved: Browser, typed: str
) -> None:
    bob(house)
    ask(proved, typed)
    assert with_code(house) == []
    assert facts(house, "email:change:refused") == [{"reason": "email_taken"}]


def test_ones_own_address_may_be_proved_again_or_written_otherwise(house: Provider, proved: Browser) -> None:
    page = enter(house, proved, ask(proved, OLD), OLD)
    assert "Votre adresse e-mail est vérifiée" in says(page)
    assert audited(house).count("email:prove:accepted") == 1
    other = "Aicha.Dupont@hopital.example"
    page = enter(house, proved, ask(proved, other), other)
    assert "Votre adresse e-mail est changée" in says(page)
    assert email_of(house) == other


@pytest.mark.parametrize("typed", ["", "aicha", "a@b", "a@b.example, c@d.example", "x" * 250 + "@b.example"])
def test_what_is_no_address_is_said_and_sends_nothing(house: Provider, proved: Browser, typed: str) -> None:
    page = ask(proved, typed)
    assert (page.status_code, title(page), "Erreur :" in says(page)) == (422, HEADING, True)
    assert with_code(house) == []


def test_after_ten_minutes_the_code_is_over_and_another_one_comes(house: Provider, proved: Browser) -> None:
    page = ask(proved)
    code = last_mail(house, NEW).code
    pass_time(house, minutes=10, seconds=1)
    page = proved.submit(page, "/code", code=code)
    assert (page.status_code, title(page)) == (422, NO_CODE)
    assert "Ce code a expiré" in says(page)
    page = proved.submit(page, "/resend")
    assert title(page) == CODE
    assert NEW in enter(house, proved, page).text
    assert email_of(house) == NEW


def test_five_wrong_codes_end_it_and_twenty_close_it_but_not_the_sign_in(
    make: Callable[..., Provider], psc: HostilePsc
) -> None:
    house = make(mail_code_failures_per_day=6)
    browser = prove(house.browser(), psc)
    page = ask(browser)
    wrong = f"{(int(last_mail(house, NEW).code) + 1) % 10**8:08d}"
    for _ in range(5):
        page = browser.submit(page, "/code", code=wrong)
    assert title(page) == NO_CODE
    page = browser.submit(page, "/resend")
    page = browser.submit(page, "/code", code=f"{(int(last_mail(house, NEW).code) + 1) % 10**8:08d}")
    page = browser.submit(page, "/code", code=last_mail(house, NEW).code)
    assert (page.status_code, "est suspendue" in says(page)) == (403, True)
    assert email_of(house) == OLD
    assert house.browser().sign_in()


def test_codes_have_their_quota(make: Callable[..., Provider], psc: HostilePsc) -> None:
    house = make(mail_codes_per_hour=2)
    browser = prove(house.browser(), psc)
    ask(browser)
    page = browser.submit(browser.get(PATH), "/resend")
    page = browser.submit(page, "/resend")
    assert (page.status_code, "Beaucoup de codes" in says(page)) == (429, True)
    page = browser.submit(browser.get(PATH), "/back")
    page = ask(browser, "third@cabinet.example")
    assert (page.status_code, title(page), "Beaucoup de codes" in says(page)) == (429, HEADING, True)
    assert "third@cabinet.example" in page.text


def test_an_address_can_be_corrected_and_the_wrong_one_gets_nothing_more(
    house: Provider, proved: Browser
) -> None:
    page = ask(proved, "typo@cabinet.example")
    page = proved.submit(page, "/back")
    assert (title(page), with_code(house)) == (HEADING, [])
    assert NEW in enter(house, proved, ask(proved)).text


def test_form_of_another_page_or_site_changes_nothing(house: Provider, proved: Browser) -> None:
    root = BeautifulSoup(proved.get("/").text, "html.parser").select_one('[name="csrf"]')
    assert root is not None
    own = hidden(proved.get(PATH), PATH)
    assert proved.post(PATH, data={"email": NEW, "csrf": str(root["value"])}).status_code == 403
    assert proved.post(PATH, data={"email": NEW}).status_code == 403
    evil = {"Origin": "https://evil.example"}
    assert proved.post(PATH, data={**own, "email": NEW}, headers=evil).status_code == 403
    assert with_code(house) == []


def test_disabled_account_changes_nothing(house: Provider, proved: Browser) -> None:
    page = ask(proved)
    account = house.accounts.get(house.account.id)
    house.accounts.save(replace(account, enabled=False).next_generation())
    shown = proved.submit(page, "/code", code=last_mail(house, NEW).code)
    assert title(shown) == "Identifiez-vous"
    assert email_of(house) == OLD


def test_a_new_password_ends_a_change_under_way(house: Provider, proved: Browser, psc: HostilePsc) -> None:
    other = prove(house.browser(), psc)
    page = ask(other)
    code = last_mail(house, NEW).code
    proved.submit(
        proved.get("/account/password"), "/password", new_password="un tout autre mot de passe, bien long"
    )
    shown = other.submit(page, "/code", code=code)
    assert (title(shown), email_of(house)) == ("Identifiez-vous", OLD)


def test_who_lost_the_mailbox_gets_codes_at_another_one(house: Provider, psc: HostilePsc) -> None:
    """From the page of the code, by another door, to the code at the new address."""
    browser = house.browser()
    page = at_code(browser)
    link = BeautifulSoup(page.text, "html.parser").select_one(f'a[href="{PATH}"]')
    assert link is not None
    page = by_psc(browser, psc, browser.follow(browser.get(PATH)))
    assert page.request.path == PATH
    assert NEW in change(house, browser).text
    again = house.browser()
    page = again.follow(again.authorize())
    page = again.submit(page, "/password", rpps=RPPS, password=PASSWORD)
    assert "a•••@cabinet.example" in page.text
    assert "code" in answer_of(again.submit(page, "/email_otp", code=last_mail(house, NEW).code))
