"""A sign-in under way says until when it waits, is prolonged by a click, and loses nothing that was typed."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.adapters.sql.schema import ephemeral
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.protocol.psc import by_psc, go, listening, person, settings_of
from tests.provider import PASSWORD, RPPS, Browser, Provider

NEW_RPPS = "99700218896"
TYPED = {"email": "nadia@hopital.example", "address_line1": "1 rue de la Paix", "city": "Paris"}


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.lie = person(NEW_RPPS)
        yield psc


@pytest.fixture
def house(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Provider:
    return app_factory(**settings_of(psc), enrolment_from_psc=True)


def record_of(house: Provider) -> dict[str, str]:
    """The one interaction there is."""
    with house.database.connect() as connection:
        found = connection.execute(sa.select(ephemeral.c.value).where(ephemeral.c.kind == "interaction"))
        record: dict[str, str] = json.loads(found.scalar_one())
    return record


def change(house: Provider, **instants: datetime) -> None:
    value = json.dumps({**record_of(house), **{name: at.isoformat() for name, at in instants.items()}})
    with house.database.begin() as connection:
        connection.execute(sa.update(ephemeral).where(ephemeral.c.kind == "interaction").values(value=value))


def end_of(house: Provider) -> datetime:
    return datetime.fromisoformat(record_of(house)["expires_at"])


def seconds_on(page: TestResponse) -> int:
    place = BeautifulSoup(page.text, "html.parser").find(id="deadline")
    assert place is not None, page.text
    return int(str(place["data-seconds"]))


def values_on(page: TestResponse) -> dict[str, str]:
    fields = BeautifulSoup(page.text, "html.parser").find_all("input")
    return {str(field["name"]): str(field.get("value", "")) for field in fields if field.get("name") in TYPED}


def press_prolong(browser: Browser, page: TestResponse, **typed: str) -> TestResponse:
    """The button that stands in the form, and sends all of it elsewhere."""
    button = BeautifulSoup(page.text, "html.parser").find("button", formaction=True)
    assert button is not None
    form = button.find_parent("form")
    assert form is not None
    hidden = {str(field["name"]): str(field["value"]) for field in form.find_all("input", type="hidden")}
    return browser.follow(browser.post(str(button["formaction"]), data={**hidden, **typed}))


def code_page(browser: Browser) -> TestResponse:
    page = browser.follow(browser.authorize())
    return browser.submit(page, "/password", rpps=RPPS, password=PASSWORD)


def test_a_page_says_until_when_it_waits_and_a_click_gives_a_whole_life(fresh: Provider) -> None:
    browser = fresh.browser()
    page = code_page(browser)
    assert 800 < seconds_on(page) <= 900
    now = datetime.now(UTC)
    change(fresh, started_at=now - timedelta(minutes=14), expires_at=now + timedelta(minutes=1))
    page = browser.get(page.request.path)
    assert seconds_on(page) <= 60
    assert "Prolonger" in page.text
    later = browser.submit(page, "/more_time")
    assert later.request.path == page.request.path
    assert 800 < seconds_on(later) <= 900


def test_no_click_prolongs_beyond_an_hour_from_the_begin(fresh: Provider) -> None:
    browser = fresh.browser()
    page, now = code_page(browser), datetime.now(UTC)
    begun = now - timedelta(minutes=58)
    change(fresh, started_at=begun, expires_at=now + timedelta(minutes=1))
    last = browser.submit(browser.get(page.request.path), "/more_time")
    assert end_of(fresh) == begun + timedelta(hours=1)
    assert "sans prolongation possible" in unescape(last.text)
    assert ">Prolonger<" not in last.text


def test_another_browser_prolongs_nothing(fresh: Provider) -> None:
    page = code_page(fresh.browser())
    before = end_of(fresh)
    refused = fresh.browser().submit(page, "/more_time")
    assert refused.status_code == 400
    assert before == end_of(fresh)


def test_a_form_of_another_page_prolongs_nothing(fresh: Provider) -> None:
    browser = fresh.browser()
    page = code_page(browser)
    before = end_of(fresh)
    refused = browser.post(page.request.path.replace("email_otp", "more_time"), data={"csrf": "forged"})
    assert refused.status_code == 403
    assert end_of(fresh) == before


def test_more_time_keeps_what_is_typed_in_the_form_of_a_first_connection(
    house: Provider, psc: HostilePsc
) -> None:
    browser = house.browser()
    form = by_psc(browser, psc)
    page = press_prolong(browser, form, **TYPED, password="not kept at all")
    assert {**values_on(page), **TYPED} == values_on(page)
    assert "not kept" not in page.text
    assert "not kept" not in json.dumps(record_of(house))


def test_a_form_that_comes_too_late_is_kept_for_the_same_person_who_begins_again(
    house: Provider, psc: HostilePsc
) -> None:
    browser = house.browser()
    form = by_psc(browser, psc)
    change(house, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    late = browser.submit(form, "/enrolment", **TYPED, password="not kept at all")
    assert late.status_code == 410
    doors = browser.submit(late, "/restart")
    again = browser.follow(browser.get(go(browser, psc, doors)))
    assert {**values_on(again), **TYPED} == values_on(again)
    assert "est toujours là" in again.text


def test_what_came_too_late_is_shown_to_no_other_person(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    form = by_psc(browser, psc)
    change(house, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    doors = browser.submit(browser.submit(form, "/enrolment", **TYPED), "/restart")
    psc.lie = person("10100000005")
    other = browser.follow(browser.get(go(browser, psc, doors)))
    assert TYPED["email"] not in other.text
    assert "/enrolment" in other.request.path
    assert "est toujours là" not in other.text
