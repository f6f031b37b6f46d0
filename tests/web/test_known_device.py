"""The cookie of a browser that persons used: what each mark says, and what no forged one does."""

import ipaddress
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from idp.web.caller_address import Warnings
from idp.web.cookies import Cookies
from idp.web.known_device import KnownDevices
from idp.web.network import CallerNetworks
from idp.web.shared_stations import SharedStations
from tests.fakes import FixedClock

ALICE, BOB = "10000000017", "10000000025"
SHARED = ipaddress.ip_network("192.0.2.0/24")
HOME = "203.0.113.7"


class Browser:
    def __init__(self, key: bytes = b"k" * 32, hops: int = 0) -> None:
        cookies = Cookies(is_secure=False)
        networks = CallerNetworks(trusted_proxy_hops=hops, warnings=Warnings(FixedClock()))
        self.stations = SharedStations(cookies, networks, [SHARED])
        self.devices = KnownDevices(cookies, self.stations, key)
        self.held: dict[str, str] = {}

    def request(self, address: str = HOME) -> Request:
        held = "; ".join(f"{name}={value}" for name, value in self.held.items())
        sent = EnvironBuilder(headers={"Cookie": held}, environ_base={"REMOTE_ADDR": address}).get_environ()
        return Request(sent)

    def answered(self, act: Callable[..., Any], *about: str, address: str = HOME) -> None:
        response = Response()
        act(self.request(address), response, *about)
        for header in response.headers.getlist("Set-Cookie"):
            name, _, value = header.partition(";")[0].partition("=")
            self.held[name] = value
            if "Max-Age=0" in header:
                del self.held[name]

    @property
    def cookie(self) -> str:
        return self.held.get("caducee_device", "")


@pytest.fixture
def browser() -> Browser:
    return Browser()


def test_a_typed_password_is_no_sign_in(browser: Browser) -> None:
    browser.answered(browser.devices.typed, ALICE)
    assert browser.devices.nonce(browser.request(), ALICE) != ""
    assert not browser.devices.has_entered(browser.request(), ALICE)
    browser.answered(browser.devices.entered, ALICE)
    assert browser.devices.has_entered(browser.request(), ALICE)
    assert browser.devices.nonce(browser.request(), ALICE) != ""


def test_who_signed_in_once_stays_known_when_the_password_is_typed_again(browser: Browser) -> None:
    browser.answered(browser.devices.entered, ALICE)
    before = browser.cookie
    browser.answered(browser.devices.typed, ALICE)
    assert browser.cookie == before
    assert browser.devices.has_entered(browser.request(), ALICE)


def test_colleagues_of_one_browser_are_all_known_and_nobody_else_is(browser: Browser) -> None:
    browser.answered(browser.devices.entered, ALICE)
    browser.answered(browser.devices.typed, BOB)
    browser.answered(browser.devices.entered, BOB)
    assert [browser.devices.has_entered(browser.request(), one) for one in (ALICE, BOB)] == [True, True]
    assert browser.devices.nonce(browser.request(), "10000000033") == ""
    assert browser.cookie.count(".") == 2


def test_the_cookie_keeps_no_more_persons_than_a_cookie_holds(browser: Browser) -> None:
    people = [f"1000000{number:04}" for number in range(9)]
    for one in people:
        browser.answered(browser.devices.entered, one)
    assert len(browser.cookie) <= 200
    known = [one for one in people if browser.devices.has_entered(browser.request(), one)]
    assert known == people[-6:]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[::-1],
        lambda text: text[:-2] + ("AA" if text[-2:] != "AA" else "BA"),
        lambda text: text + ".",
        lambda text: text.partition(".")[0],
    ],
)
def test_a_changed_cookie_says_nothing(browser: Browser, spoil: Callable[[str], str]) -> None:
    browser.answered(browser.devices.entered, ALICE)
    browser.held["caducee_device"] = spoil(browser.cookie)
    assert not browser.devices.has_entered(browser.request(), ALICE)
    assert browser.devices.nonce(browser.request(), ALICE) == ""


def test_a_mark_is_of_its_browser_and_of_our_key(browser: Browser) -> None:
    other = Browser(key=b"x" * 32)
    other.answered(other.devices.entered, ALICE)
    browser.held = dict(other.held)
    assert not browser.devices.has_entered(browser.request(), ALICE)
    browser.held = {}
    browser.answered(browser.devices.entered, ALICE)
    nonce, _, mark = browser.cookie.partition(".")
    browser.held["caducee_device"] = f"{nonce[::-1]}.{mark}"
    assert not browser.devices.has_entered(browser.request(), ALICE)


def test_a_shared_station_is_remembered_for_nobody(browser: Browser) -> None:
    browser.answered(browser.devices.entered, ALICE, address="192.0.2.7")
    assert browser.cookie == ""
    browser.answered(browser.devices.entered, ALICE)
    assert not browser.devices.has_entered(browser.request("192.0.2.7"), ALICE)


def test_only_what_the_operator_declared_makes_a_sign_in_usual(browser: Browser) -> None:
    assert not browser.devices.is_usual(browser.request(), ALICE)
    assert browser.devices.is_usual(browser.request("192.0.2.7"), ALICE)
    # Whoever stole a password may say that their own browser is shared.
    browser.answered(lambda _request, response: browser.stations.declare(response))
    assert not browser.devices.is_usual(browser.request(), ALICE)


def test_where_the_proxy_tells_no_address_a_sign_in_is_told() -> None:
    browser = Browser(hops=1)
    assert browser.stations.is_in_network(browser.request())
    assert not browser.devices.is_usual(browser.request(), ALICE)
