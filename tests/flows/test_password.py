"""The password door: hospitals behind one address, waits, an account that is disabled."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.adapters.sql.schema import ephemeral
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.people import BOB, an_account, an_identity
from tests.protocol.psc import by_psc, facts, listening, person, settings_of
from tests.provider import PASSWORD, RPPS, Browser, Provider, answer_of, audited

UNKNOWN = "10000000025"
WRONG = "pas le bon mot de passe"


@pytest.fixture
def make(app_factory: Callable[..., Provider], every_door: dict[str, Any]) -> Callable[..., Provider]:
    return lambda **changes: app_factory(**every_door, trusted_proxy_hops=1, **changes)


@dataclass
class Behind(Browser):
    """A browser behind the operator's proxy, as that writes its address."""

    address: str = "192.0.2.7"

    def get(self, path: str, **options: Any) -> TestResponse:
        return super().get(path, headers={"X-Forwarded-For": self.address}, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        return super().post(path, headers={"X-Forwarded-For": self.address}, **options)


def at_choice(house: Provider, address: str = "192.0.2.7") -> tuple[Browser, TestResponse]:
    browser = Behind(house, address)
    return browser, browser.follow(browser.authorize())


def alert(page: TestResponse) -> str:
    found = BeautifulSoup(page.text, "html.parser").select_one('[role="alert"]')
    assert found is not None, page.text
    return " ".join(found.get_text().split())


def doors(page: TestResponse) -> set[str]:
    """Where the forms of the page lead, by their last part."""
    return {
        str(form["action"]).rpartition("/")[2]
        for form in BeautifulSoup(page.text, "html.parser").find_all("form")
    }


def typed(house: Provider, password: str, rpps: str = RPPS, address: str = "192.0.2.7") -> TestResponse:
    """In a new browser."""
    browser, page = at_choice(house, address)
    return browser.submit(page, "/password", rpps=rpps, password=password)


def counters(house: Provider) -> list[tuple[str, int]]:
    """What is counted of passwords, but for the network."""
    c = ephemeral.c
    asked = sa.select(c.kind, c.version).where(c.kind.in_(["password_tries", "password_failures_in_a_row"]))
    with house.database.connect() as connection:
        return sorted((kind, version) for kind, version in connection.execute(asked))


def code_page(house: Provider) -> tuple[Browser, TestResponse]:
    browser, page = at_choice(house)
    return browser, browser.submit(page, "/password", rpps=RPPS, password=PASSWORD)


class TestManyPeopleBehindOneAddress:
    def test_a_refusal_names_the_network_offers_the_other_doors_and_costs_nothing(
        self, make: Callable[..., Provider]
    ) -> None:
        house = make(
            password_posts_per_ip=2, password_posts_per_ip_window=timedelta(minutes=10), password_free_tries=1
        )
        for rpps in (UNKNOWN, RPPS):
            typed(house, WRONG, rpps)
        tried = counters(house)
        browser, choice = at_choice(house)
        for _ in range(3):
            page = browser.submit(choice, "/password", rpps=RPPS, password=PASSWORD)
            assert (page.status_code, page.headers["Retry-After"]) == (429, "600")
            assert "votre réseau" in alert(page)
            assert {"password", "psc", "cps", "cancel"} <= doors(page)
        assert counters(house) == tried
        assert "password:check:throttled" not in audited(house)
        # Its doors lead on in the same sign-in.
        left = browser.submit(page, "/cps")
        assert left.headers["Location"].startswith("https://localhost:8443/card/")

    def test_no_code_is_said_to_be_sent_when_none_was_and_the_quota_of_the_person_is_whole(
        self, make: Callable[..., Provider]
    ) -> None:
        house = make(mail_codes_per_ip=1)
        code_page(house)  # Uses up what the network has.
        browser, page = code_page(house)
        assert "aucun ne vient d'être envoyé" in alert(page)
        assert {"psc", "cps", "resend"} <= doors(page)
        again = browser.submit(page, "/email_otp/resend")
        assert (again.status_code, "aucun ne vient d'être envoyé" in alert(again)) == (429, True)
        assert facts(house, "mail_code:send:throttled") == [{"reason": "network"}] * 2

    def test_the_person_of_another_address_gets_a_code_at_once(self, make: Callable[..., Provider]) -> None:
        """The refusals of the hospital's network used up nothing of the person's own."""
        house = make(mail_codes_per_ip=1, mail_codes_per_hour=1)
        other = an_account(
            id=BOB, subject="subject-of-bob", identity=an_identity(rpps=UNKNOWN), email="bob@hopital.example"
        )
        house.accounts.add(replace(other, password_hash=house.account.password_hash))
        assert "Saisissez le code" in typed(house, PASSWORD, UNKNOWN, "192.0.2.7:1").text
        for port in range(2, 4):
            assert "aucun ne vient d'être envoyé" in alert(typed(house, PASSWORD, RPPS, f"192.0.2.7:{port}"))
        assert "Saisissez le code" in typed(house, PASSWORD, RPPS, "[2001:db8::1]:443").text

    @pytest.mark.parametrize("address", ["", "unknown"])
    def test_people_whose_address_no_proxy_tells_do_not_share_their_tries(
        self, make: Callable[..., Provider], address: str
    ) -> None:
        house = make(password_posts_per_ip=1, mail_codes_per_ip=1)
        for _ in range(3):
            assert "Saisissez le code" in typed(house, PASSWORD, RPPS, address).text

    def test_the_tabs_of_one_browser_share_theirs(self, make: Callable[..., Provider]) -> None:
        house = make(password_posts_per_ip=1)
        browser, first = at_choice(house, "")
        second = browser.follow(browser.authorize())
        assert browser.submit(first, "/password", rpps=RPPS, password=WRONG).status_code == 422
        assert browser.submit(second, "/password", rpps=RPPS, password=WRONG).status_code == 429


def disable(house: Provider) -> None:
    account = house.accounts.get(house.account.id)
    house.accounts.save(replace(account, enabled=False).next_generation())


class TestDisabledAccount:
    """It says what a wrong password says; the card and Pro Santé Connect tell the person (tests/journeys)."""

    def test_right_password_answers_as_a_wrong_one(self, make: Callable[..., Provider]) -> None:
        house = make()
        disable(house)
        right, wrong = typed(house, PASSWORD), typed(house, WRONG)
        assert [right.status_code, alert(right)] == [wrong.status_code, alert(wrong)]
        # The reference is of the sign-in, as its address is.
        own = r'/interaction/[\w-]{43}|name="csrf" value="\w+"|<strong>[0-9A-Z]{4}-[0-9A-Z]{4}</strong>'
        bare = [re.sub(own, "", one.text) for one in (right, wrong)]
        assert bare[0] == bare[1]
        assert [one.headers.get_all("Set-Cookie") for one in (right, wrong)] == [[], []]
        assert facts(house, "password:check:refused") == [{"reason": "account_disabled"}, {"reason": "wrong"}]
        assert not {"password:check:accepted", "mail_code:send:accepted"} & set(audited(house))

    def test_right_passwords_count_as_wrong_ones(self, make: Callable[..., Provider]) -> None:
        house = make(password_free_tries=2)
        disable(house)
        answers = [typed(house, PASSWORD).status_code for _ in range(3)]
        assert answers == [422, 422, 429]

    @pytest.mark.parametrize("end", ["/email_otp", "/email_otp/resend"])
    def test_disabled_after_the_password_gets_no_code_and_does_not_get_in(
        self, make: Callable[..., Provider], end: str
    ) -> None:
        house = make()
        browser, page = code_page(house)
        code, sent = house.last_code(), audited(house).count("mail_code:send:accepted")
        disable(house)
        left = browser.submit(page, end, **({"code": code} if end == "/email_otp" else {}))
        assert answer_of(left)["error"] == "login_required"
        assert audited(house).count("mail_code:send:accepted") == sent


class TestWaits:
    @pytest.fixture
    def psc(self) -> Iterator[HostilePsc]:
        with listening() as psc:
            psc.lie = person()
            yield psc

    def test_a_sign_in_by_pro_sante_connect_ends_them_in_every_browser(
        self, app_factory: Callable[..., Provider], psc: HostilePsc
    ) -> None:
        house = app_factory(**settings_of(psc), password_free_tries=1)
        assert [typed(house, WRONG).status_code for _ in range(2)] == [422, 429]
        assert answer_of(by_psc(house.browser(), psc))["code"]
        assert "Saisissez le code" in typed(house, PASSWORD).text

    def test_a_new_password_ends_them_too(
        self, app_factory: Callable[..., Provider], psc: HostilePsc
    ) -> None:
        house = app_factory(**settings_of(psc), password_free_tries=1)
        browser, new = house.browser(), "un tout autre mot de passe, bien long"
        by_psc(browser, psc)
        assert [typed(house, WRONG).status_code for _ in range(2)] == [422, 429]
        browser.submit(browser.get("/account/password"), "/password", new_password=new)
        assert "Saisissez le code" in typed(house, new).text

    def test_they_are_told_in_hours_when_they_are_hours(self, make: Callable[..., Provider]) -> None:
        house = make(password_free_tries=1, password_first_wait=timedelta(hours=3))
        typed(house, WRONG)
        page = typed(house, WRONG)
        assert alert(page).endswith("Trop d'essais. Réessayez dans 3 heures, ou utilisez un autre moyen.")
        assert 10_700 < int(page.headers["Retry-After"]) <= 10_800

    def test_known_browser_enters_while_strangers_are_shut_out(self, make: Callable[..., Provider]) -> None:
        house = make(password_failures_in_a_row=8, password_free_tries=99)
        own, _page = code_page(house)
        strangers = [typed(house, WRONG).status_code for _ in range(6)]
        assert strangers == [422] * 4 + [403] * 2
        assert "dans ce navigateur" in alert(typed(house, PASSWORD))
        again = own.follow(own.authorize())
        assert "Saisissez le code" in own.submit(again, "/password", rpps=RPPS, password=PASSWORD).text
        assert "Saisissez le code" in typed(house, PASSWORD).text  # The run is over: the password was right.


# The identity behind the password.


def proved_ago(house: Provider, ago: timedelta) -> None:
    account = house.accounts.get(house.account.id)
    identity = replace(account.identity, verified_at=datetime.now(UTC) - ago)
    house.accounts.save(replace(account, identity=identity))


@pytest.mark.parametrize(("days", "is_open"), [(3 * 365, True), (3 * 366, False)])
def test_the_password_opens_nothing_three_years_after_the_last_proof_of_identity(
    fresh: Provider, days: int, is_open: bool
) -> None:
    proved_ago(fresh, timedelta(days=days))
    browser = fresh.browser()
    page = browser.submit(browser.follow(browser.authorize()), "/password", rpps=RPPS, password=PASSWORD)
    assert (page.status_code, "Votre mot de passe est juste" in page.text) == (
        (200, False) if is_open else (403, True)
    )


def test_only_whoever_knows_the_password_learns_how_old_the_proof_is(fresh: Provider) -> None:
    proved_ago(fresh, timedelta(days=9999))
    browser = fresh.browser()
    page = browser.submit(browser.follow(browser.authorize()), "/password", rpps=RPPS, password="wrong")
    assert (page.status_code, "juste" in page.text) == (422, False)
    assert "mail_code:send:accepted" not in audited(fresh)
