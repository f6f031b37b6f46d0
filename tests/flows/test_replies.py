"""A refused form is answered by a GET of its own, which says why once: « back » and « reload » send nothing again."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts.charter import HOUSE
from idp.adapters.sql.store import SqlStore
from idp.core.clock import SystemClock
from idp.core.ephemeral import Kind
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.faults import posting
from tests.flows.test_charter import publish
from tests.flows.test_enrolment import FIRST, NEW_RPPS, TYPED
from tests.protocol.policed import PolicedParty
from tests.protocol.psc import by_psc, listening, person, settings_of
from tests.provider import PASSWORD, RPPS, Browser, Provider

WRONG = "certainement pas celui-ci"
#: From a page with the doors to the page with a form, and what is typed there that will not do.
Way = Callable[[Provider, Browser, TestResponse], TestResponse]


@pytest.fixture(scope="module")
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.lie = person(NEW_RPPS)
        yield psc


@pytest.fixture(scope="module")
def house(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Provider:
    return app_factory(**settings_of(psc), enrolment_from_psc=True)


def alert(page: TestResponse) -> str | None:
    found = BeautifulSoup(page.text, "html.parser").select_one('[role="alert"]:not(:empty)')
    return found and " ".join(found.get_text().split())


def kept(house: Provider, path: str) -> dict[str, Any]:
    """The record of the interaction at this address."""
    stored = SqlStore(house.database, SystemClock()).get(Kind.INTERACTION, path.split("/")[2])
    assert stored is not None
    return dict(stored.value)


def reply_kept(house: Provider, address: str) -> dict[str, Any] | None:
    """What is kept for the page of this address to say."""
    _, _, interaction, page = address.partition("?")[0].split("/")
    stored = SqlStore(house.database, SystemClock()).get(Kind.SAID_OF_FORM, f"{interaction} {page}")
    return None if stored is None else dict(stored.value)


def to_the_code(house: Provider, browser: Browser, page: TestResponse) -> TestResponse:
    return browser.submit(page, "/password", rpps=RPPS, password=PASSWORD)


def to_the_activation(house: Provider, browser: Browser, page: TestResponse) -> TestResponse:
    return browser.get(page.request.path.replace("choice", "activation"))


def at_once(house: Provider, browser: Browser, page: TestResponse) -> TestResponse:
    return page


@pytest.mark.parametrize(
    ("way", "form", "typed", "status", "words"),
    [
        (at_once, "password", {"rpps": RPPS, "password": WRONG}, 422, "incorrect"),
        (at_once, "password", {"rpps": "12", "password": WRONG}, 422, "11 chiffres"),
        (to_the_code, "email_otp", {"code": "00000000"}, 422, "Ce code"),
        (
            to_the_activation,
            "activation",
            {"rpps": RPPS, "code": "ABCD-EFGH", "new_password": WRONG},
            422,
            "",
        ),
    ],
    ids=["password", "rpps", "code", "activation"],
)
def test_why_a_form_was_refused_is_said_by_a_get_once(
    house: Provider, way: Way, form: str, typed: dict[str, str], status: int, words: str
) -> None:
    browser = house.browser()
    page = way(house, browser, browser.follow(browser.authorize()))
    answer = posting(browser, page, f"/{form}", **typed)()
    assert (answer.status_code, answer.headers["Location"].endswith(f"/{form}?said=1")) == (303, True)
    secrets = {value for name, value in typed.items() if "password" in name or name == "code"}
    there = reply_kept(house, answer.headers["Location"])
    assert there is not None
    assert not [secret for secret in secrets if secret in str(there)]
    # A node of the version before reads the interaction, whatever it has to say.
    assert "reply" not in kept(house, answer.headers["Location"])
    told = browser.get(answer.headers["Location"])
    assert told.status_code == status
    assert words in (alert(told) or "")
    again = browser.follow(browser.get(answer.headers["Location"]))
    assert (again.status_code, alert(again)) == (200, None)
    assert reply_kept(house, answer.headers["Location"]) is None


@pytest.mark.parametrize(("form", "way"), [("password", at_once), ("activation", to_the_activation)])
@pytest.mark.parametrize(
    ("typed", "again"),
    [
        (PASSWORD, ""),
        ("8473625182736451", ""),
        ("aicha@hopital.example", ""),
        ("1 00000-00", "1 00000-00"),
        (" ", ""),
    ],
)
def test_a_password_in_the_field_of_the_number_is_neither_kept_nor_shown(
    house: Provider, way: Way, form: str, typed: str, again: str
) -> None:
    browser = house.browser()
    page = way(house, browser, browser.follow(browser.authorize()))
    answer = posting(browser, page, f"/{form}", rpps=typed, password=WRONG, code="ABCD", new_password=WRONG)()
    there = reply_kept(house, answer.headers["Location"])
    assert there is not None
    assert there["typed"] == {"rpps": again}
    field = BeautifulSoup(browser.follow(answer).text, "html.parser").select_one('[name="rpps"]')
    assert field is not None
    assert field.get("value", "") == again


def test_what_was_typed_is_there_again_without_its_faults(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    page = by_psc(browser, psc)
    answer = posting(browser, page, "/enrolment", **{**TYPED, "email": FIRST, "postal_code": "?"})()
    assert answer.status_code == 303
    assert TYPED["password"] not in str(kept(house, answer.headers["Location"]))
    assert TYPED["password"] not in str(reply_kept(house, answer.headers["Location"]))
    told = browser.follow(answer)
    assert (told.status_code, "Code postal" in (alert(told) or "")) == (422, True)
    again = browser.get(answer.headers["Location"])
    assert (again.status_code, alert(again)) == (200, None)
    assert FIRST in again.text


def test_a_charter_not_ticked_is_said_once(app_factory: Callable[..., Provider]) -> None:
    house = app_factory()
    publish(house, HOUSE, "2027-1")
    browser = house.browser()
    page = to_the_code(house, browser, browser.follow(browser.authorize()))
    page = browser.submit(page, "/email_otp", code=house.last_code())
    answer = posting(browser, page, "/charter")()
    assert answer.status_code == 303
    told = browser.follow(answer)
    assert (told.status_code, "Cochez la case" in (alert(told) or "")) == (422, True)
    assert alert(browser.get(answer.headers["Location"])) is None


def test_a_code_that_is_sent_again_is_said_once(house: Provider) -> None:
    browser = house.browser()
    page = to_the_code(house, browser, browser.follow(browser.authorize()))
    answer = posting(browser, page, "/resend")()
    assert answer.status_code == 303
    told = browser.follow(answer)
    assert "vient" in told.text
    again = browser.get(answer.headers["Location"])
    assert (again.status_code, alert(again)) == (200, None)


def test_the_second_click_of_two_says_why_as_well(house: Provider) -> None:
    browser = house.browser()
    page = browser.follow(browser.authorize())
    click = posting(browser, page, "/password", rpps=RPPS, password=WRONG)
    first, second = click(), click()
    assert first.headers["Location"] == second.headers["Location"]
    assert "incorrect" in (alert(browser.follow(second)) or "")


def test_what_one_proof_left_unsaid_is_not_said_after_another(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    page = browser.follow(browser.authorize())
    answer = posting(browser, page, "/password", rpps=RPPS, password=WRONG)()
    form = by_psc(browser, psc, browser.get(page.request.path))
    assert form.request.path.endswith("/enrolment")
    assert alert(browser.follow(browser.get(answer.headers["Location"]))) is None


def test_a_refusal_is_read_by_its_own_page_alone(house: Provider) -> None:
    browser = house.browser()
    page = browser.follow(browser.authorize())
    answer = posting(browser, page, "/password", rpps=RPPS, password=WRONG)()
    # The doors, in another tab: nothing is wrong there, and the refusal still waits.
    assert alert(browser.get(page.request.path)) is None
    assert "incorrect" in (alert(browser.follow(answer)) or "")


def test_a_refusal_of_a_door_that_was_closed_meanwhile_leads_to_the_others(house: Provider) -> None:
    before = house.settings.where.clients_file.read_text()
    party = PolicedParty(house)
    browser = house.browser()
    answer = posting(browser, party.ask(browser), "/password", rpps=RPPS, password=WRONG)()
    party.govern(authenticators=["psc"])
    page = browser.follow(answer)
    assert page.request.path.endswith("/choice")
    house.settings.where.clients_file.write_text(before)
