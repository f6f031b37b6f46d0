"""What a section answers to a form is asked for by GET, and said once: why it was refused, and how it ended."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts.repository import StaleAccount
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.schema import ephemeral
from idp.core.ephemeral import Kind
from idp.web.kept_answers import Around, KeptAnswers
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.faults import posting
from tests.flows.test_replies import alert
from tests.protocol.psc import by_psc
from tests.provider import PASSWORD, Browser, Provider

SECRET = "violon tambour 9 orage bois"
GOOD = {"address_line1": "3 quai", "address_line2": "", "postal_code": "20000", "city": "Ajaccio"}


@pytest.fixture(scope="module")
def house(app_factory: Callable[..., Provider]) -> Provider:
    return app_factory()


@pytest.fixture
def signed_in(house: Provider) -> Browser:
    browser = house.browser()
    browser.sign_in()
    return browser


def kept(house: Provider, kind: Kind) -> str:
    """All that the store has of this kind."""
    with house.database.connect() as connection:
        of_kind = sa.select(ephemeral.c.value).where(ephemeral.c.kind == str(kind))
        return str(connection.execute(of_kind).scalars().all())


def refused(browser: Browser, path: str, action: str = "", **typed: str) -> str:
    """Where a form of this section leads that will not do."""
    answer = posting(browser, browser.get(path), path + action, **typed)()
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{path}?said=1")
    return answer.headers["Location"]


@pytest.mark.parametrize(
    ("section", "typed", "status", "words", "again"),
    [
        ("address", {**GOOD, "city": ""}, 422, "Ville", "3 quai"),
        ("password", {"password": "faux", "new_password": SECRET}, 422, "actuel", ""),
        ("password", {"password": PASSWORD, "new_password": "court"}, 422, "caractères", ""),
    ],
    ids=["address", "password", "new password"],
)
def test_why_a_form_was_refused_is_said_by_a_get_once(
    house: Provider,
    signed_in: Browser,
    section: str,
    typed: dict[str, str],
    status: int,
    words: str,
    again: str,
) -> None:
    location = refused(signed_in, f"/account/{section}", **typed)
    there = kept(house, Kind.SAID_OF_FORM)
    assert not [one for name, one in typed.items() if "password" in name and one in there]
    told = signed_in.get(location)
    assert (told.status_code, words in (alert(told) or ""), again in told.text) == (status, True, True)
    assert kept(house, Kind.SAID_OF_FORM) == "[]"
    plain = signed_in.get(location)
    assert (plain.status_code, alert(plain)) == (200, None)


def test_a_refusal_is_said_in_its_own_section_and_session_alone(house: Provider, signed_in: Browser) -> None:
    location = refused(signed_in, "/account/address", **{**GOOD, "city": ""})
    other = house.browser()
    other.sign_in()
    assert [alert(other.get(location)), alert(signed_in.get("/account/password?said=1"))] == [None, None]
    # The plain page, in another tab: nothing is wrong there, and the refusal still waits.
    assert alert(signed_in.get("/account/address")) is None
    assert "Ville" in (alert(signed_in.get(location)) or "")


def test_what_was_typed_after_a_refusal_is_shown_without_that_of_before(signed_in: Browser) -> None:
    """The form came too late once, and what was typed then is kept; the refusal is of what was typed now."""
    form = BeautifulSoup(signed_in.get("/account/address").text, "html.parser").select("main form input")
    held = {str(one["name"]): str(one.get("value", "")) for one in form}
    late = signed_in.post("/account/address/more_time", data={**held, "city": "Bastia"})
    assert late.headers["Location"] == "/account/address"
    told = signed_in.get(refused(signed_in, "/account/address", **{**GOOD, "city": ""}))
    assert ("Bastia" in told.text, "Ville" in (alert(told) or "")) == (False, True)


def test_a_second_form_is_said_in_the_place_of_the_first(signed_in: Browser) -> None:
    for city in ("", "é" * 81):
        location = refused(signed_in, "/account/address", **{**GOOD, "city": city})
    assert "é" * 81 in signed_in.get(location).text


def test_what_was_done_is_said_once_and_by_a_get(signed_in: Browser) -> None:
    answer = posting(signed_in, signed_in.get("/account/address"), "/account/address", **GOOD)()
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "Votre adresse postale est enregistrée." in signed_in.get("/").text
    assert "est enregistrée." not in signed_in.get("/").text


class TestEnd:
    """The form that signs its person out: their page is another one."""

    @pytest.fixture
    def house(self, make: Callable[..., Provider]) -> Provider:
        return make()

    @pytest.fixture
    def proved(self, house: Provider, psc: HostilePsc) -> Browser:
        browser = house.browser()
        by_psc(browser, psc)
        return browser

    @pytest.mark.parametrize(
        ("section", "typed", "words"),
        [
            ("password", {"new_password": SECRET}, "Votre mot de passe est changé"),
            ("data/close", {}, "Votre compte va être fermé"),
        ],
    )
    def test_how_it_ended_is_told_by_a_get_once_to_this_browser_alone(
        self, house: Provider, proved: Browser, section: str, typed: dict[str, str], words: str
    ) -> None:
        path = f"/account/{section}"
        answer = posting(proved, proved.get(path), path, **typed)()
        assert (answer.status_code, answer.headers["Location"]) == (303, "/answer")
        assert SECRET not in kept(house, Kind.ANSWER_TO_FORM)
        assert house.browser().get("/answer").headers["Location"] == "/"
        page = proved.get("/answer")
        heading = BeautifulSoup(page.text, "html.parser").h1
        assert heading is not None
        assert (page.status_code, words in heading.text) == (200, True), heading.text
        assert house.account.identity.family_name not in page.text
        # Loaded again, it is the page of whoever is there: nobody.
        assert proved.get("/answer").headers["Location"] == "/"
        assert "Se connecter" in proved.get("/").text

    def test_what_was_not_done_is_not_told(
        self, house: Provider, proved: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        page = proved.get("/account/data/close")

        def overtaken(*_: Any, **__: Any) -> None:
            raise StaleAccount

        monkeypatch.setattr(SqlAccounts, "save", overtaken)
        answer = posting(proved, page, "/close")()
        assert answer.headers["Location"] == "/account/data?said=1"
        assert proved.get("/answer").headers["Location"] == "/"
        told = proved.get(answer.headers["Location"])
        assert (told.status_code, told.headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"page": "OfTomorrow", "view": {}, "around": {}},
        {"page": "ClosingAskedPage", "view": {"closes_at": "x", "tomorrow": 1}, "around": {}},
        {"page": "ClosingAskedPage", "view": {"closes_at": 1}, "around": {}},
        {"page": "ClosingAskedPage", "view": {"closes_at": "x"}, "around": {"tomorrow": 1}},
        {"refusal": {"problem": "of_tomorrow"}},
    ],
)
def test_what_another_version_kept_is_no_fault(house: Provider, told: dict[str, Any]) -> None:
    assert house.parts is not None
    web, settings = house.parts.web, house.parts.settings
    answers = KeptAnswers(
        store=house.parts.store,
        life=settings.lives.interaction_life,
        cookies=web.cookies,
        rendering=web.rendering,
    )
    house.parts.store.put(Kind.ANSWER_TO_FORM, "name", told, answers.life)
    browser = house.browser()
    browser.client.set_cookie("caducee_answer", "name", domain="localhost")
    assert browser.get("/answer").headers["Location"] == "/"
    assert Around().again == "/"


def test_a_sign_out_that_was_confirmed_is_told_by_a_get(signed_in: Browser) -> None:
    answer: TestResponse = posting(signed_in, signed_in.get("/"), "/end_session/confirm")()
    assert (answer.status_code, answer.headers["Location"]) == (303, "/answer")
    assert "Votre session est fermée" in signed_in.follow(answer).text
