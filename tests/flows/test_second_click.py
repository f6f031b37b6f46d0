"""Every form is sent twice, as by a double click or after a lost answer: the second leads where one would have led.

In sequence, at once, and once more from a page that the browser kept. Not here: a database that fails (`test_faults`),
a second proof that is another person's (`test_other_tabs`).
"""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.adapters.sql.schema import ephemeral, outbox
from tests.faults import Tables, posting
from tests.flows.acts import ACTS, KNOWN, NEW_EMAIL, Person, Request, ask, prepare
from tests.flows.email import age_address
from tests.limits import within
from tests.protocol.psc import listening, settings_of
from tests.provider import PASSWORD, RPPS, Browser, Provider


class Clicking(Person):
    """Acts beside those of `acts`, which has those that commit something of their own."""

    def resend(self, browser: Browser) -> Request:
        """A while after the first mail."""
        request = super().resend(browser)
        of_minute = ephemeral.delete().where(ephemeral.c.kind == "mail_quota_minute")
        with self.house.database.begin() as connection:
            connection.execute(of_minute)
        return request

    def cancel(self, browser: Browser) -> Request:
        return posting(browser, ask(browser), "/cancel")

    def psc_door(self, browser: Browser) -> Request:
        return posting(browser, ask(browser), "/psc")

    def card_door(self, browser: Browser) -> Request:
        return posting(browser, ask(browser), "/cps")

    def other_doors(self, browser: Browser) -> Request:
        return posting(browser, ask(browser, idp_hint="password"), "/door/others")

    def more_time(self, browser: Browser) -> Request:
        return posting(browser, browser.follow(self.password(browser)()), "/more_time")

    def more_time_for_activation(self, browser: Browser) -> Request:
        hub = ask(browser).request.path.rpartition("/")[0]
        return posting(browser, browser.get(f"{hub}/activation"), "/activation/more_time")

    def more_time_for_enrolment(self, browser: Browser) -> Request:
        return prolonging(browser, self.enrolment_form(browser), "/enrolment")

    def more_time_for_section(self, browser: Browser) -> Request:
        self.signed_in(browser)
        return prolonging(browser, browser.get("/account/address"), "/account/address")

    def charter_refused(self, browser: Browser) -> Request:
        return posting(browser, self.charter_page(browser), "/charter/refuse")

    def charter_page(self, browser: Browser) -> TestResponse:
        return browser.follow(self.enrolment_end(browser)())

    def wrong_code(self, browser: Browser) -> Request:
        page = browser.follow(self.password(browser)())
        return posting(browser, page, "/email_otp", code="00000000")

    def wrong_password(self, browser: Browser) -> Request:
        return posting(browser, ask(browser), "/password", rpps=RPPS, password=f"{PASSWORD}!")

    def proving_again(self, browser: Browser) -> TestResponse:
        age_address(self.house, 366)
        return browser.follow(self.callback(browser, ask(browser))())

    def again_ask(self, browser: Browser) -> Request:
        return posting(browser, self.proving_again(browser), "/email_again", email=NEW_EMAIL)

    def again_code(self, browser: Browser) -> Request:
        page = browser.follow(self.again_ask(browser)())
        return posting(browser, page, "/email_again/code", code=self.house.last_code())

    def again_back(self, browser: Browser) -> Request:
        return posting(browser, browser.follow(self.again_ask(browser)()), "/email_again/back")

    def email_back(self, browser: Browser) -> Request:
        return posting(browser, browser.follow(self.email_ask(browser)()), "/email/back")

    def closing_page(self, browser: Browser) -> TestResponse:
        other = self.house.browser()
        other.follow(super().close_account(other)())
        return browser.follow(self.callback(browser, ask(browser))())

    def closing_left(self, browser: Browser) -> Request:
        return posting(browser, self.closing_page(browser), "/closing/leave")

    def keep_account(self, browser: Browser) -> Request:
        return posting(browser, self.closing_page(browser), "/closing")

    def renamed_passkey(self, browser: Browser) -> Request:
        self.signed_in(browser)
        return posting(browser, browser.get("/account/passkeys"), "/rename", name="Bureau")

    def data_copy(self, browser: Browser) -> Request:
        self.signed_in(browser)
        return posting(browser, browser.get("/account/data"), "/copy")

    def station(self, browser: Browser) -> Request:
        return posting(browser, browser.get("/"), "/station")


def prolonging(browser: Browser, page: TestResponse, action: str) -> Request:
    """The form of the page, sent by « Prolonger »."""
    request = posting(browser, page, action)
    held = Held()
    kept, browser.client = browser.client, held  # type: ignore[assignment]
    request()
    browser.client = kept
    ((_, path, options),) = held.sent
    del options["base_url"]
    return lambda: browser.post(f"{path}/more_time", **options)


@dataclass
class Held:
    """Takes the place of a browser's client: keeps what it would send."""

    sent: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def get(self, path: str, **options: Any) -> None:
        self.sent.append(("GET", path, options))

    def post(self, path: str, **options: Any) -> None:
        self.sent.append(("POST", path, options))


@dataclass(frozen=True)
class Click:
    """A form filled in, and the browser as it was when it is sent."""

    house: Provider
    cookies: tuple[tuple[str, str], ...]
    method: str
    path: str
    options: dict[str, Any]

    @classmethod
    def of(cls, browser: Browser, request: Request) -> "Click":
        client, held = browser.client, Held()
        browser.client = held  # type: ignore[assignment]
        request()
        browser.client = client
        ((method, path, options),) = held.sent
        return cls(browser.house, cookies_of(browser), method, path, options)

    def by(self, browser: Browser) -> TestResponse:
        return browser.client.open(self.path, method=self.method, **self.options)

    def send(self) -> tuple[Browser, TestResponse]:
        """By a browser that received nothing since."""
        browser = self.house.browser()
        for name, value in self.cookies:
            browser.client.set_cookie(name, value, domain="localhost")
        return browser, self.by(browser)


def cookies_of(browser: Browser) -> tuple[tuple[str, str], ...]:
    return tuple((one.key, one.value) for one in vars(browser.client)["_cookies"].values())


def landing(browser: Browser, answer: TestResponse) -> tuple[int, str, str]:
    """The page where this answer leads: status, address without its secrets, what it says."""
    page = browser.follow(answer)
    place = re.sub(r"[A-Za-z0-9_-]{22,}", "*", page.headers.get("Location", page.request.path))
    place = re.sub(r"(state|nonce|code|code_challenge)=[^&]*", r"\1=*", place)
    soup = BeautifulSoup(page.text, "html.parser").find("main")
    said = soup.select("h1, [role=alert], [role=status]") if soup else []
    return page.status_code, place, " | ".join(" ".join(one.get_text().split()) for one in said)


#: Each is held where it says.
_ELSEWHERE = {
    # They end the session that they are posted in, or what it was about: `tests/flows/account`.
    *("new_password", "new_password_by_the_present_one", "close_account", "end_all", "report", "email_code"),
    # No form, and one that only a script sends, which it does once (`tests/browser`).
    *("psc_sign_in", "passkey", "passkey_add"),
    # A sign-out leaves nothing that could be done again (docs/adr/0029): it may begin anew.
    "other_person",
    # That another tab made the account is told once.
    "enrolment_of_another_tab",
}
#: Here it is told that it was done before.
_TOLD_SO = {"end_one", "end_others", "resend"}
_PAGES = {"charter_page", "closing_page", "proving_again"}
_OF_OURS = {name for name in vars(Clicking) if not name.startswith("_")} - _PAGES
ALL = sorted({act.name for act in ACTS} - _ELSEWHERE | _OF_OURS)


@dataclass
class World:
    person: Clicking
    beginning: Tables

    def clicked(self, act: str) -> Click:
        self.beginning.put_back()
        self.person.psc.lie = KNOWN
        browser = self.person.house.browser()
        return Click.of(browser, getattr(self.person, act)(browser))

    def mails(self) -> list[str]:
        with self.person.house.database.connect() as connection:
            return sorted(connection.execute(sa.select(outbox.c.subject)).scalars())


@pytest.fixture(scope="module")
def world(app_factory: Callable[..., Provider], every_door: dict[str, Any]) -> Iterator[World]:
    with listening() as psc:
        told = {**every_door, **settings_of(psc)}
        limits = {"mail_codes_per_minute": 1, "mail_codes_per_hour": 9, "mail_codes_per_day": 9}
        house = app_factory(**told, **limits, enrolment_from_psc=True)
        prepare(house)
        tables = Tables.of(house.settings)
        tables.keep()
        yield World(Clicking(house, psc), tables)


@pytest.mark.parametrize("act", ALL)
def test_a_second_click_leads_where_one_would_have_led(world: World, act: str) -> None:
    click = world.clicked(act)
    ready = Tables.of(world.person.house.settings)
    ready.keep()

    def told(browser: Browser, answer: TestResponse) -> tuple[object, ...]:
        status, place, words = landing(browser, answer)
        return status, place, "" if act in _TOLD_SO else words, world.mails()

    once = told(*click.send())
    # The answer to the first was lost.
    ready.put_back()
    click.send()
    assert told(*click.send()) == once
    # It came, and the form is sent again: « back », or a page that was not gone yet.
    ready.put_back()
    browser, _ = click.send()
    assert told(browser, click.by(browser)) == once
    # Both at once. Who came second may say so on a page that only the cookie of the first one opens.
    ready.put_back()
    answers = at_once(click)
    assert [answer.status_code for _, answer in answers if answer.status_code >= 400] == []
    answers.sort(key=lambda one: "said=" in one[1].headers.get("Location", ""))
    assert told(*answers[0]) == once


def at_once(click: Click) -> list[tuple[Browser, TestResponse]]:
    start = Barrier(2)

    def send(_: int) -> tuple[Browser, TestResponse]:
        start.wait(timeout=within(10))
        return click.send()

    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(send, range(2)))


def test_only_the_code_that_ended_an_enrolment_opens_what_came_of_it(world: World) -> None:
    click = world.clicked("enrolment_end")
    click.send()
    data = click.options["data"]
    for wrong in ("00000000", "no code", ""):
        guess = replace(click, options={**click.options, "data": {**data, "code": wrong}})
        browser, answer = guess.send()
        assert landing(browser, answer)[0] == 403
    # A form that is no code's, under what the browser was known by before.
    assert landing(*replace(click, path=f"{click.path}/resend").send())[0] == 403


def test_nothing_is_opened_before_the_first_click_proved_something(world: World) -> None:
    click = world.clicked("code")
    cookies = tuple((name, "of another browser") for name, _ in click.cookies)
    assert landing(*replace(click, cookies=cookies).send())[0] == 403
