"""A new password is judged while it is typed, by the rule that judges it when it is posted; nothing of it is kept."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts import password_rules
from idp.adapters.sql.schema import audit_events, ephemeral, outbox
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.protocol.psc import by_psc, listening, person, settings_of
from tests.provider import RPPS, Browser, Provider

NEW_RPPS = "99700218896"
GOOD, PERSONAL = "violon tambour cerise", "dupont-noël aïcha 2026"


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        yield psc


@pytest.fixture
def make(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Callable[..., Provider]:
    return lambda **changes: app_factory(**settings_of(psc), **{"enrolment_from_psc": True, **changes})


@pytest.fixture(params=["enrolment", "new password"])
def form(request: pytest.FixtureRequest, make: Callable[..., Provider], psc: HostilePsc) -> "Form":
    return form_of(request.param, make(), psc)


class Form:
    """A page that asks for a new password, and where its script asks."""

    def __init__(self, house: Provider, browser: Browser, page: TestResponse) -> None:
        self.house, self.browser = house, browser
        soup = BeautifulSoup(page.text, "html.parser")
        (field,) = soup.select("input[data-judge]")
        self.name, self.address = str(field["name"]), str(field["data-judge"])
        self.fields = {str(i["name"]): str(i["value"]) for i in soup.select("input[type=hidden]")}
        self.place = soup.select_one(f"#{self.name}-judged")

    def ask(self, password: str, **more: str) -> TestResponse:
        return self.browser.post(self.address, data={**self.fields, self.name: password, **more})

    def told(self, password: str, **more: str) -> tuple[bool, str]:
        answer: dict[str, Any] = json.loads(self.ask(password, **more).text)
        return answer["accepted"], answer["said"]


def form_of(kind: str, house: Provider, psc: HostilePsc) -> Form:
    browser = house.browser()
    psc.lie = person(NEW_RPPS if kind == "enrolment" else RPPS)
    page = by_psc(browser, psc)
    return Form(house, browser, page if kind == "enrolment" else browser.get("/account/password"))


def rows(house: Provider) -> list[Any]:
    tables = (audit_events, outbox)
    with house.database.connect() as connection:
        counts = [
            connection.execute(sa.select(sa.func.count()).select_from(one)).scalar_one() for one in tables
        ]
        return [*counts, connection.execute(sa.select(ephemeral.c.value)).scalars().all()]


def test_each_fault_is_told_in_words_and_a_good_one_too(form: Form) -> None:
    assert form.told(GOOD) == (True, "Ce mot de passe convient.")
    assert form.told("court") == (False, "Choisissez au moins 15\u00a0caractères.")
    assert form.told("x" * 129) == (False, "Choisissez au plus 128\u00a0caractères.")
    assert not form.told("azertyuiopqsdfghjklm")[0]
    accepted, said = form.told(PERSONAL)
    assert not accepted
    assert said.startswith("Votre nom, votre numéro")
    assert form.told("")[1] == "Ce champ est à remplir."


def test_what_was_typed_in_the_same_form_is_known_of_the_person(
    make: Callable[..., Provider], psc: HostilePsc
) -> None:
    form = form_of("enrolment", make(), psc)
    typed = "jonquille-pervenche 42"
    assert form.told(typed)[0]
    assert not form.told(typed, email="jonquille@pervenche.example")[0]


def test_nothing_is_kept_written_or_logged_of_it(form: Form, caplog: pytest.LogCaptureFixture) -> None:
    form.told(GOOD)
    before = rows(form.house)
    with caplog.at_level(logging.DEBUG):
        answer = form.ask(GOOD)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "application/json"
    assert GOOD not in answer.text
    assert rows(form.house)[:2] == before[:2]
    assert GOOD not in str(rows(form.house))
    assert GOOD not in caplog.text


def test_another_language_is_that_of_the_page(form: Form) -> None:
    form.browser.get("/?lang=en")
    assert form.told(GOOD) == (True, "This password will do.")


def test_it_is_asked_by_our_form_in_its_browser_alone(form: Form) -> None:
    assert form.ask(GOOD, csrf="0" * 64).status_code == 403
    headers = {"Origin": "https://evil.example"}
    data = {**form.fields, form.name: GOOD}
    assert form.browser.post(form.address, data=data, headers=headers).status_code == 403
    stranger = form.house.browser()
    stranger.get("/")
    refused = stranger.post(form.address, data=data)
    assert refused.status_code in (303, 403)
    assert "accepted" not in refused.text
    assert form.browser.get(form.address).status_code != 200


def test_it_judges_only_while_a_new_password_is_asked_for(
    make: Callable[..., Provider], psc: HostilePsc
) -> None:
    house = make()
    browser = house.browser()
    choice = browser.follow(browser.authorize())
    soup = BeautifulSoup(choice.text, "html.parser")
    csrf = str(soup.select_one("input[name=csrf]")["value"])  # type: ignore[index]
    hub = choice.request.path.rpartition("/")[0]
    answer = browser.post(f"{hub}/enrolment/judge", data={"csrf": csrf, "password": GOOD})
    assert (answer.status_code, answer.headers["Location"]) == (303, hub)
    assert (
        browser.post("/account/password/judge", data={"csrf": csrf, "new_password": GOOD}).status_code == 303
    )


def test_a_network_that_asks_too_often_gets_no_verdict_and_may_still_sign_in(
    make: Callable[..., Provider], psc: HostilePsc
) -> None:
    form = form_of("new password", make(password_posts_per_ip=2), psc)
    assert [form.ask(GOOD).status_code for _ in range(3)] == [200, 200, 429]
    assert form.ask(GOOD).text == ""
    page = form.browser.submit(form.browser.get("/account/password"), "/password", new_password=GOOD)
    assert "Votre mot de passe est changé" in page.text


def test_it_waits_for_no_other_verdict(form: Form) -> None:
    with password_rules._one_estimate:
        answer = form.ask(GOOD)
        assert (answer.status_code, answer.text) == (503, "")
    assert form.told(GOOD)[0]


def test_a_closed_password_door_judges_nothing(make: Callable[..., Provider], psc: HostilePsc) -> None:
    house = make(password_door=False)
    browser = house.browser()
    psc.lie = person(NEW_RPPS)
    page = by_psc(browser, psc)
    assert "data-judge" not in page.text
    assert "/static/password.js" not in page.text
    hub = page.request.path.rpartition("/")[0]
    assert browser.post(f"{hub}/enrolment/judge", data={}).status_code == 404
    assert browser.post("/account/password/judge", data={}).status_code == 404


def test_without_scripts_nothing_of_it_is_seen(form: Form) -> None:
    page = form.browser.get(
        "/account/password" if form.name == "new_password" else form.address.removesuffix("/judge")
    )
    soup = BeautifulSoup(page.text, "html.parser")
    buttons = soup.select("button.reveal")
    assert buttons
    assert all("hidden" in button.attrs and button["type"] == "button" for button in buttons)
    assert form.place is not None
    assert (form.place["role"], form.place.get_text()) == ("status", "")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
