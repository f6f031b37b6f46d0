"""The mail code on its page: sent again, replaced, at a corrected address; what page and mails say of it."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from idp.adapters.sql.schema import ephemeral, outbox
from idp.core.ephemeral import Kind
from idp.core.sealing import Sealer, derive_key
from tests.protocol.psc import by_psc, listening, person, settings_of
from tests.provider import PASSWORD, RPPS, Browser, Provider, answer_of, audited

TYPED = {
    "password": "tilleul bleu 73 remorque lente",
    "address_line1": "7 quai de l'Île",
    "address_line2": "",
    "postal_code": "69005",
    "city": "Lyon",
}


@dataclass(frozen=True)
class Waiting:
    """A mail that no worker sent yet. `life`: until the worker drops it."""

    to: str
    text: str
    life: timedelta

    @property
    def code(self) -> str:
        (code,) = re.findall(r"^\s*([0-9]{8})\s*$", self.text, re.MULTILINE)
        return str(code)


def waiting(house: Provider) -> list[Waiting]:
    sealer = Sealer(derive_key(house.settings.keys.application, "seal"))
    with house.database.connect() as connection:
        rows = connection.execute(sa.select(outbox).order_by(outbox.c.id)).all()
    return [
        Waiting(row.recipient, sealer.open(row.text) or "", row.expires_at - row.created_at) for row in rows
    ]


def pass_time(house: Provider, **delta: float) -> None:
    """The code in force was made so much earlier."""
    of_codes = ephemeral.c.kind == Kind.MAIL_CODE.value
    with house.database.begin() as connection:
        for row in connection.execute(sa.select(ephemeral).where(of_codes)).all():
            record = json.loads(row.value)
            end = datetime.fromisoformat(record["expires_at"]) - timedelta(**delta)
            earlier = json.dumps({**record, "expires_at": end.isoformat()})
            connection.execute(
                sa.update(ephemeral)
                .where(of_codes, ephemeral.c.key_hash == row.key_hash)
                .values(value=earlier)
            )


def at_code(browser: Browser) -> TestResponse:
    page = browser.follow(browser.authorize())
    return browser.submit(page, "/password", rpps=RPPS, password=PASSWORD)


def send_again(browser: Browser, page: TestResponse) -> TestResponse:
    return browser.submit(page, "/email_otp/resend")


def says(page: TestResponse) -> str:
    return page.text.replace("&#39;", "'").replace("\N{NO-BREAK SPACE}", " ")


def test_code_sent_again_is_the_same_and_page_and_mail_say_the_minutes_it_has_left(fresh: Provider) -> None:
    browser = fresh.browser()
    page = at_code(browser)
    (first,) = waiting(fresh)
    assert "valable 10\u00a0minutes" in first.text
    assert "valable encore 10 minutes" in says(page)
    pass_time(fresh, minutes=3)
    page = send_again(browser, page)
    (second,) = waiting(fresh)  # the first, which nobody had sent, was withdrawn
    assert second.code == first.code
    assert "valable 7\u00a0minutes" in second.text
    assert "valable encore 7 minutes" in says(page)
    assert "Le même code vient d'être envoyé de nouveau" in says(page)
    assert timedelta(minutes=6, seconds=30) < second.life <= timedelta(minutes=7)
    assert browser.submit(page, "/email_otp", code=first.code).status_code == 303


def test_code_about_to_end_is_replaced_and_the_page_says_so(fresh: Provider) -> None:
    browser = fresh.browser()
    page = at_code(browser)
    (first,) = waiting(fresh)
    pass_time(fresh, minutes=8, seconds=1)
    page = send_again(browser, page)
    (second,) = waiting(fresh)
    assert second.code != first.code
    assert "valable 10\u00a0minutes" in second.text
    assert "Un nouveau code vient d'être envoyé. Il remplace le précédent." in says(page)


def test_mail_with_a_code_that_was_used_is_withdrawn(fresh: Provider) -> None:
    browser = fresh.browser()
    page = at_code(browser)
    (mail,) = waiting(fresh)
    assert browser.submit(page, "/email_otp", code=mail.code).status_code == 303
    assert waiting(fresh) == []


def test_corrected_address_gets_its_code_at_once_and_the_wrong_one_nothing_more(
    app_factory: Callable[..., Provider],
) -> None:
    with listening() as psc:
        house = app_factory(**settings_of(psc), enrolment_from_psc=True, mail_codes_per_minute=1)
        psc.lie = person("99700014932")
        browser = house.browser()
        form = by_psc(browser, psc)
        page = browser.submit(form, "/enrolment", email="typo@hopital.example", **TYPED)
        (wrong,) = waiting(house)
        assert wrong.to == "typo@hopital.example"
        form = browser.submit(page, "/enrolment/back")
        page = browser.submit(form, "/enrolment", email="lea@hopital.example", **TYPED)
        (right,) = waiting(house)
        assert right.to == "lea@hopital.example"
        assert "Saisissez le code reçu" in says(page)
        assert browser.submit(page, "/email_otp", code=wrong.code).status_code == 422
        assert "Charte" in browser.submit(page, "/email_otp", code=right.code).text
        assert house.accounts.find_by_rpps("99700014932") is not None


def test_address_that_was_right_after_all_gets_the_mail_that_was_withdrawn(
    app_factory: Callable[..., Provider],
) -> None:
    """The relay is slow: none had left. The page that says « Code envoyé à » says the truth."""
    with listening() as psc:
        house = app_factory(**settings_of(psc), enrolment_from_psc=True, mail_codes_per_minute=1)
        psc.lie = person("99700014932")
        browser = house.browser()
        page = by_psc(browser, psc)
        for address in ("lea@hopital.example", "lea@autre.example", "lea@hopital.example"):
            if page.request.path.endswith("/email_otp"):
                page = browser.submit(page, "/enrolment/back")
            page = browser.submit(page, "/enrolment", email=address, **TYPED)
            (mail,) = waiting(house)
            assert mail.to == address
        assert "Charte" in browser.submit(page, "/email_otp", code=mail.code).text


def test_another_tab_with_another_address_withdraws_nothing(app_factory: Callable[..., Provider]) -> None:
    with listening() as psc:
        house = app_factory(**settings_of(psc), enrolment_from_psc=True)
        psc.lie = person("99700014932")
        browser = house.browser()
        tabs = [by_psc(browser, psc), by_psc(browser, psc)]
        addresses = ["lea@hopital.example", "lea@autre.example"]
        for tab, address in zip(tabs, addresses, strict=True):
            browser.submit(tab, "/enrolment", email=address, **TYPED)
        assert [mail.to for mail in waiting(house)] == addresses


@pytest.mark.parametrize("typed", [None, "00000000"], ids=["used", "wrong"])
def test_a_tab_goes_on_with_the_session_that_its_code_began_in_another(
    fresh: Provider, typed: str | None
) -> None:
    browser = fresh.browser()
    tabs = [browser.follow(browser.authorize()), browser.follow(browser.authorize())]
    first, second = (browser.submit(tab, "/password", rpps=RPPS, password=PASSWORD) for tab in tabs)
    code = fresh.last_code()
    assert browser.submit(first, "/email_otp", code=code).status_code == 303
    assert answer_of(browser.submit(second, "/email_otp", code=typed or code))["code"]
    assert audited(fresh).count("mail_code:check:refused") == 1


def test_door_that_wrong_codes_closed_at_an_enrolment_promises_no_key_that_does_not_open_it(
    app_factory: Callable[..., Provider],
) -> None:
    with listening() as psc:
        house = app_factory(**settings_of(psc), enrolment_from_psc=True, mail_code_failures_per_day=1)
        psc.lie = person("99700014932")
        for is_again in (
            False,
            True,
        ):  # A strong proof does not open it: the mailbox is what the codes prove.
            browser = house.browser()
            page = browser.submit(by_psc(browser, psc), "/enrolment", email="lea@hopital.example", **TYPED)
            if not is_again:
                (mail,) = waiting(house)
                browser.submit(page, "/email_otp", code=f"{(int(mail.code) + 1) % 10**8:08d}")
                page = browser.submit(page, "/email_otp", code=mail.code)
                assert page.status_code == 403
            assert "la création de ce compte est suspendue, pendant 24 heures au plus" in says(page)
            assert "rouvre" not in says(page)
            assert "/enrolment/back" not in page.text


def test_second_mail_to_the_same_address_waits_its_minute(app_factory: Callable[..., Provider]) -> None:
    house = app_factory(mail_codes_per_minute=1)
    browser = house.browser()
    page = send_again(browser, at_code(browser))
    assert page.status_code == 200
    assert len(waiting(house)) == 1
