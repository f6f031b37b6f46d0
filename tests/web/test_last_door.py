"""The cookie with the door of the last sign-in: a name, of a browser of one's own."""

import pytest

from idp.web.cookies import Cookies
from idp.web.last_door import LastDoors
from tests.web.test_known_device import Browser

STATION = "192.0.2.7"


@pytest.fixture
def browser() -> Browser:
    return Browser()


@pytest.fixture
def doors(browser: Browser) -> LastDoors:
    return LastDoors(Cookies(is_secure=False), browser.stations)


def test_a_browser_remembers_the_name_of_the_door_and_nothing_else(
    browser: Browser, doors: LastDoors
) -> None:
    assert doors.of(browser.request()) == ""
    browser.answered(doors.used, "cps")
    assert browser.held == {"caducee_door": "cps"}
    assert doors.of(browser.request()) == "cps"
    browser.answered(doors.used, "password")
    assert doors.of(browser.request()) == "password"


@pytest.mark.parametrize("told", ["", "CPS", "email_otp", "psc.", "../cps", "x" * 150])
def test_what_is_no_name_of_a_door_says_nothing(browser: Browser, doors: LastDoors, told: str) -> None:
    browser.held["caducee_door"] = told
    assert doors.of(browser.request()) == ""


def test_a_shared_station_remembers_none(browser: Browser, doors: LastDoors) -> None:
    browser.answered(doors.used, "psc", address=STATION)
    assert browser.held == {}
    # One of the time before it was declared shared is not read there, and goes.
    browser.answered(doors.used, "psc")
    assert doors.of(browser.request(STATION)) == ""
    browser.answered(doors.used, "cps", address=STATION)
    assert browser.held == {}


def test_it_goes_when_the_browser_is_declared_shared(browser: Browser, doors: LastDoors) -> None:
    browser.answered(doors.used, "psc")
    browser.answered(lambda _request, response: browser.stations.declare(response))
    assert "caducee_door" not in browser.held
