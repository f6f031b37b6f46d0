"""A session left open at a shared station: the next person is asked who they are, and can say that they are another.

Contains both ways in which a station is shared, the question, its two answers, and what such a browser keeps.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts.account import AccountId
from idp.adapters.sql.schema import ephemeral, logout_notices
from idp.core.ephemeral import Kind
from tests.flows.test_copied_cookie import copied
from tests.people import an_account, an_identity
from tests.provider import (
    PASSWORD,
    RP,
    RPPS,
    Browser,
    Provider,
    answer_of,
    audited,
)

SIBLING, SIBLING_ADDRESS = "grand-age", "https://grand-age.example/callback"
OTHER_RPPS = "10000000025"
FRAMED = "https://grand-age.example/front"


def asks(page: TestResponse) -> str:
    """The question of the page."""
    heading = BeautifulSoup(page.text, "html.parser").h1
    assert heading is not None
    return heading.get_text(strip=True).replace("\u00a0", " ")


def is_question(page: TestResponse) -> bool:
    return page.status_code == 200 and asks(page) == "Vous êtes Aïcha DUPONT-NŒL ?"


def is_choice(page: TestResponse) -> bool:
    return page.status_code == 200 and asks(page) == "Identifiez-vous"


def visit(browser: Browser, **changes: str | None) -> TestResponse:
    """The other application."""
    return browser.follow(
        browser.authorize(**{"client_id": SIBLING, "redirect_uri": SIBLING_ADDRESS, **changes})
    )


@pytest.fixture(scope="module")
def house(app_factory: Callable[..., Provider]) -> Provider:
    """With a colleague, and two applications that are told of a sign-out: one called, one framed."""
    house = app_factory()
    path = house.settings.where.clients_file
    text = path.read_text()
    for name, line in (
        (RP, "backchannel_logout_uri: https://trajectoire.example/back"),
        (SIBLING, f"frontchannel_logout_uri: {FRAMED}"),
    ):
        text = text.replace(f"  - client_id: {name}\n", f"  - client_id: {name}\n    {line}\n")
    path.write_text(text)
    colleague = an_account(
        id=AccountId("account-of-bob"),
        subject="subject-bob",
        identity=an_identity(rpps=OTHER_RPPS, family_name="PETIT", given_name="Bob"),
        email="bob@hopital.example",
        password_hash=house.account.password_hash,
    )
    house.accounts.add(colleague)
    evidence = house.charters.evidence_of(house.account.id)
    house.charters.accept(replace(evidence[0], account_id=colleague.id))
    return house


def declare(browser: Browser) -> Browser:
    browser.submit(browser.get("/"), "/station")
    return browser


@pytest.fixture
def station(house: Provider) -> Browser:
    """A browser declared shared, where the first physician signed in to ViaTrajectoire."""
    browser = declare(house.browser())
    assert house.exchange(browser.sign_in()).status_code == 200
    return browser


def sign_in_as_colleague(browser: Browser, page: TestResponse) -> TestResponse:
    page = browser.submit(page, "/password", rpps=OTHER_RPPS, password=PASSWORD)
    return browser.submit(page, "/email_otp", code=browser.house.last_code())


def sid_of(browser: Browser) -> str:
    cookie = browser.client.get_cookie("caducee_session", domain="localhost")
    assert cookie is not None
    return cookie.value.partition(".")[0]


def wait(browser: Browser, minutes: int) -> None:
    """Let its session wait: the last visit was so much longer ago."""
    kept = sa.and_(ephemeral.c.kind == Kind.SESSION, ephemeral.c.value.contains(sid_of(browser)))
    with browser.house.database.begin() as connection:
        value = json.loads(connection.execute(sa.select(ephemeral.c.value).where(kept)).scalar_one())
        seen = datetime.fromisoformat(value["last_seen_at"]) - timedelta(minutes=minutes)
        value["last_seen_at"] = seen.isoformat()
        connection.execute(sa.update(ephemeral).where(kept).values(value=json.dumps(value)))


def told(house: Provider, sid: str) -> list[str]:
    """The applications with a notice that this session is over."""
    with house.database.connect() as connection:
        asked = sa.select(logout_notices.c.client_id).where(logout_notices.c.sid == sid)
        return list(connection.execute(asked).scalars())


class TestQuestion:
    def test_is_asked_before_the_session_of_a_colleague_is_used(self, station: Browser) -> None:
        page = visit(station)
        assert is_question(page)
        assert "ouverte à ce nom depuis" in page.text
        assert RPPS not in page.text

    def test_is_not_asked_of_the_person_who_has_just_signed_in(self, house: Provider) -> None:
        browser = declare(house.browser())
        assert "code=" in browser.prove(browser.follow(browser.authorize())).headers["Location"]

    def test_is_asked_at_each_application_anew(self, station: Browser) -> None:
        assert is_question(visit(station))
        first = station.submit(visit(station), "/same_person")
        assert answer_of(first)["code"]
        assert is_question(visit(station))
        assert is_question(station.follow(station.authorize()))

    def test_is_not_asked_elsewhere(self, house: Provider) -> None:
        browser = house.browser()
        browser.sign_in()
        assert "code=" in visit(browser).headers["Location"]

    def test_is_asked_once_the_station_is_declared_shared_though_the_session_is_older(
        self, house: Provider
    ) -> None:
        browser = house.browser()
        browser.sign_in()
        assert is_question(visit(declare(browser)))
        browser.submit(browser.get("/"), "/station")
        assert "code=" in visit(browser).headers["Location"]

    def test_speaks_english(self, station: Browser) -> None:
        page = visit(station, ui_locales="en")
        assert asks(page) == "Are you Aïcha DUPONT-NŒL?"
        assert "This computer is shared." in page.text

    def test_can_be_left(self, station: Browser) -> None:
        left = answer_of(station.submit(visit(station), "/cancel"))
        assert left["error"] == "access_denied"

    def test_no_page_behind_it_opens_by_its_address(self, station: Browser) -> None:
        page = visit(station, acr_values="urn:caducee:acr:cps")
        path = page.request.path.removesuffix("/same_person")
        for stop in ("choice", "charter", "email_otp", "professional_context"):
            assert is_question(station.follow(station.get(f"{path}/{stop}"))), stop

    def test_is_not_asked_where_the_relying_party_wants_a_login(self, station: Browser) -> None:
        assert is_choice(visit(station, prompt="login"))

    @pytest.mark.parametrize(
        ("sign_in_first", "error"), [(True, "interaction_required"), (False, "login_required")]
    )
    def test_in_silence_tells_the_relying_party_that_a_session_lives_and_not_whose(
        self, house: Provider, sign_in_first: bool, error: str
    ) -> None:
        browser = declare(house.browser())
        if sign_in_first:
            browser.sign_in()
        assert answer_of(visit(browser, prompt="none"))["error"] == error


class TestContinue:
    def test_answers_the_request_of_that_person(self, station: Browser, house: Provider) -> None:
        before = len(audited(house))
        answer = answer_of(station.submit(visit(station, state="s"), "/same_person"))
        assert answer["state"] == "s"
        exchanged = house.exchange(answer["code"], SIBLING, redirect_uri=SIBLING_ADDRESS)
        assert exchanged.status_code == 200
        assert audited(house)[before] == "session:confirm:accepted"

    def test_prolongs_the_session_and_the_question_does_not(self, station: Browser) -> None:
        wait(station, 4)
        page = visit(station)
        assert is_question(page)
        wait(station, 1)
        assert is_choice(station.submit(page, "/same_person"))

    def test_begins_the_five_minutes_anew(self, station: Browser) -> None:
        wait(station, 4)
        station.submit(visit(station), "/same_person")
        wait(station, 4)
        assert is_question(visit(station))

    @pytest.mark.parametrize("answer", ["/same_person", "/same_person/leave"])
    def test_of_a_page_about_another_session_is_no_answer(
        self, station: Browser, house: Provider, answer: str
    ) -> None:
        """The page stayed on the screen while another person signed in, in another window."""
        before = len(audited(house))
        assert is_question(station.submit(visit(station), answer, session="another"))
        assert audited(house)[before:] == []


class TestNotMe:
    def test_signs_the_other_person_out_everywhere_and_begins_at_the_doors(
        self, station: Browser, house: Provider
    ) -> None:
        before, sid = len(audited(house)), sid_of(station)
        page = station.submit(visit(station), "/same_person/leave")
        assert is_choice(page)
        assert told(house, sid) == [RP]
        assert audited(house)[before:] == ["session:confirm:refused", "session:end:accepted"]
        assert "Aucune session ouverte" in station.get("/").text

    def test_lets_the_colleague_finish_the_same_request_as_herself(
        self, station: Browser, house: Provider
    ) -> None:
        page = station.submit(visit(station, state="s"), "/same_person/leave")
        page = station.submit(page, "/password", rpps=OTHER_RPPS, password=PASSWORD)
        answer = answer_of(station.submit(page, "/email_otp", code=house.last_code()))
        assert answer["state"] == "s"
        exchanged = house.exchange(answer["code"], SIBLING, redirect_uri=SIBLING_ADDRESS)
        claims = jwt.decode(exchanged.json["id_token"], options={"verify_signature": False})
        assert claims["sub"] == "subject-bob"
        assert "PETIT" in station.get("/").text

    def test_ends_what_the_other_person_was_granted(self, station: Browser, house: Provider) -> None:
        token = house.exchange(station.sign_in(prompt="login")).json["access_token"]
        assert house.userinfo(token).status_code == 200
        station.submit(visit(station), "/same_person/leave")
        assert house.userinfo(token).status_code == 401

    def test_frames_the_applications_that_are_told_in_the_browser(
        self, station: Browser, house: Provider
    ) -> None:
        code = answer_of(station.submit(visit(station), "/same_person"))["code"]
        house.exchange(code, SIBLING, redirect_uri=SIBLING_ADDRESS)
        page = station.submit(station.follow(station.authorize()), "/same_person/leave")
        assert asks(page) == "La session précédente est fermée"
        soup = BeautifulSoup(page.text, "html.parser")
        (frame,) = soup.find_all("iframe")
        assert str(frame["src"]).startswith(FRAMED)
        assert "frame-src https://grand-age.example" in page.headers["Content-Security-Policy"]
        onward = soup.select_one("a.button")
        assert onward is not None
        assert is_choice(station.follow(station.get(str(onward["href"]))))

    def test_ends_also_what_expired_while_the_question_was_on_the_screen(
        self, station: Browser, house: Provider
    ) -> None:
        page, sid = visit(station), sid_of(station)
        wait(station, 6)
        assert is_choice(station.submit(page, "/same_person/leave"))
        assert told(house, sid) == [RP]

    def test_clicked_twice_may_begin_again(self, station: Browser) -> None:
        page, before = visit(station), copied(station)
        station.submit(page, "/same_person/leave")
        # The second click cancelled the first one's answer, so the browser has its cookies of before.
        again = before.submit(page, "/same_person/leave")
        assert asks(again) == "Cette connexion a continué sans cette page"
        assert is_choice(before.submit(again, "/restart"))

    def test_leaves_the_person_alone_who_signed_in_in_another_window_since(
        self, station: Browser, house: Provider
    ) -> None:
        page = visit(station)
        assert is_question(page)
        sign_in_as_colleague(station, visit(station, prompt="login"))
        before, sid = len(audited(house)), sid_of(station)
        after = station.submit(page, "/same_person/leave")
        assert asks(after) == "Vous êtes Bob PETIT ?"
        assert (audited(house)[before:], sid_of(station)) == ([], sid)

    def test_after_a_sign_out_in_another_window_only_begins_anew(
        self, station: Browser, house: Provider
    ) -> None:
        page, before = visit(station), len(audited(house))
        station.submit(station.get("/"), "/end_session/confirm")
        assert is_choice(station.submit(page, "/same_person/leave"))
        assert audited(house)[before:] == ["session:end:accepted"]

    def test_is_not_said_by_another_site(self, station: Browser) -> None:
        page = visit(station)
        refused = station.post(
            f"{page.request.path}/leave",
            data={"session": sid_of(station)},
            headers={"Origin": "https://evil.example"},
        )
        assert refused.status_code == 403
        assert is_question(visit(station))


class TestIdle:
    def test_a_session_that_waited_five_minutes_is_nobody_s(self, station: Browser) -> None:
        wait(station, 5)
        assert is_choice(visit(station))
        assert "Aucune session ouverte" in station.get("/").text

    def test_elsewhere_half_an_hour_holds(self, house: Provider) -> None:
        browser = house.browser()
        browser.sign_in()
        wait(browser, 29)
        assert "DUPONT-NŒL" in browser.get("/").text
        assert "code=" in visit(browser).headers["Location"]

    def test_what_waited_too_long_can_still_be_signed_out_of(self, station: Browser, house: Provider) -> None:
        sid = sid_of(station)
        wait(station, 6)
        station.submit(station.get("/end_session"), "/end_session/confirm")
        assert told(house, sid) == [RP]

    def test_never_exceeds_that_of_every_session(self, app_factory: Callable[..., Provider]) -> None:
        house = app_factory(shared_station_idle=timedelta(hours=2), session_idle=timedelta(minutes=10))
        browser = declare(house.browser())
        browser.sign_in()
        wait(browser, 9)
        assert is_question(visit(browser))
        wait(browser, 1)
        assert is_choice(visit(browser))


@dataclass
class AtAddress(Browser):
    """A browser of the operator's network."""

    address: str = "192.0.2.7"

    def get(self, path: str, **options: Any) -> TestResponse:
        return super().get(path, environ_overrides={"REMOTE_ADDR": self.address}, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        return super().post(path, environ_overrides={"REMOTE_ADDR": self.address}, **options)


class TestNetwork:
    @pytest.mark.parametrize(
        ("networks", "address", "is_shared"),
        [
            (("192.0.2.0/24",), "192.0.2.7", True),
            (("192.0.2.7/32",), "192.0.2.7", True),
            (("192.0.2.7/32",), "192.0.2.8", False),
            (("2001:db8::/32",), "2001:db8::42", True),
            # An address is known by its /64: one station of it makes them all shared, and never none.
            (("2001:db8:0:1::42/128",), "2001:db8:0:1::42", True),
            (("2001:db8:0:1::42/128",), "2001:db8:0:2::42", False),
        ],
    )
    def test_stations_of_the_operator_ask_as_well(
        self,
        app_factory: Callable[..., Provider],
        networks: tuple[str, ...],
        address: str,
        is_shared: bool,
    ) -> None:
        browser = AtAddress(app_factory(shared_stations=networks), address)
        browser.sign_in()
        assert is_question(visit(browser)) is is_shared
        home = browser.get("/")
        assert ("Votre établissement l" in home.text) is is_shared
        assert ('action="/station"' in home.text) is not is_shared


class TestNothingIsKept:
    def kept(self, browser: Browser) -> set[str]:
        """The cookies that outlive the window."""
        cookies = browser.client._cookies.values()  # type: ignore[attr-defined]
        return {cookie.key for cookie in cookies if cookie.max_age is not None}

    def test_of_who_signed_in_there(self, station: Browser) -> None:
        assert self.kept(station) == {"caducee_shared"}

    def test_of_the_language_that_the_person_chose(self, house: Provider) -> None:
        own, shared = house.browser(), declare(house.browser())
        for browser in (own, shared):
            browser.get("/?lang=en")
            assert "Nobody is signed in" in browser.get("/").text
        assert "caducee_locale" in self.kept(own)
        assert "caducee_locale" not in self.kept(shared)

    def test_of_the_person_who_used_it_alone_before(self, house: Provider) -> None:
        browser = house.browser()
        browser.sign_in()
        assert "caducee_device" in self.kept(browser)
        declare(browser)
        assert "caducee_device" not in self.kept(browser)

    def test_at_a_station_of_the_operator_either(self, app_factory: Callable[..., Provider]) -> None:
        house = app_factory(shared_stations=("192.0.2.0/24",))
        browser = AtAddress(house, "198.51.100.1")
        browser.sign_in()
        assert "caducee_device" in self.kept(browser)
        browser.address = "192.0.2.7"
        browser.prove(visit(browser, prompt="login"))
        assert self.kept(browser) == set()

    def test_by_the_browser_itself_of_what_is_typed(self, house: Provider) -> None:
        def tokens(browser: Browser) -> set[str]:
            page = BeautifulSoup(browser.follow(browser.authorize()).text, "html.parser")
            return {str(field["autocomplete"]) for field in page.select("input[autocomplete]")}

        assert tokens(house.browser()) == {"username", "current-password"}
        assert tokens(declare(house.browser())) == {"off"}
