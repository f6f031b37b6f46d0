"""Where a request comes from, in the words that its person reads."""

import ipaddress

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from idp.accounts.open_sessions import Origin
from idp.web.caller_address import Warnings
from idp.web.network import CallerNetworks
from idp.web.origins import Network, Origins
from tests.fakes import FixedClock

NAMED: dict[Network, str] = {
    ipaddress.ip_network("192.0.2.0/24"): "CHU de Lille",
    ipaddress.ip_network("192.0.2.128/25"): "",
    ipaddress.ip_network("2001:db8:1::/48"): "",
}


def origin(address: str, hops: int = 0, **headers: str) -> Origin:
    origins = Origins(CallerNetworks(trusted_proxy_hops=hops, warnings=Warnings(FixedClock())), NAMED)
    sent = EnvironBuilder(headers=headers, environ_base={"REMOTE_ADDR": address}).get_environ()
    return origins.of(Request(sent))


@pytest.mark.parametrize(
    ("address", "network", "is_of_house"),
    [
        ("203.0.113.77", "203.0.113.x", False),
        ("2001:db8:5:6::7", "2001:db8:5::/48", False),
        ("::ffff:203.0.113.77", "203.0.113.x", False),
        ("192.0.2.7", "CHU de Lille", True),
        # Of two networks the name is said.
        ("192.0.2.200", "CHU de Lille", True),
        ("2001:db8:1:2::7", "", True),
        ("nonsense", "", False),
    ],
)
def test_a_network_of_the_house_is_named_and_any_other_address_shortened(
    address: str, network: str, is_of_house: bool
) -> None:
    found = origin(address)
    assert (found.network, found.is_of_house) == (network, is_of_house)


def test_what_is_kept_of_an_address_is_the_same_for_its_neighbours_named_or_not() -> None:
    assert origin("192.0.2.7").address == origin("192.0.2.200").address != ""
    assert origin("203.0.113.7").address != origin("192.0.2.7").address
    assert origin("nonsense").address == ""


def test_no_header_is_believed_but_that_of_our_proxy() -> None:
    assert origin("203.0.113.7", **{"X-Forwarded-For": "192.0.2.7"}).network == "203.0.113.x"
    assert origin("10.0.0.1", 1, **{"X-Forwarded-For": "198.51.100.1, 192.0.2.7"}).network == "CHU de Lille"


def test_the_browser_and_its_system_are_named() -> None:
    sent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    found = origin("192.0.2.7", **{"User-Agent": sent})
    assert (found.browser, found.system) == ("Firefox", "Linux")
