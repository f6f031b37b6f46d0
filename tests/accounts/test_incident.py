"""What is kept of an address, and what of that is in a network."""

import ipaddress

import pytest

from idp.accounts.incident import is_narrower_than_kept, kept_address, kept_between


def is_in(address: str, network: str) -> bool:
    first, last = kept_between(ipaddress.ip_network(network))
    return first <= kept_address(ipaddress.ip_address(address)) <= last


@pytest.mark.parametrize(
    ("address", "network", "is_found"),
    [
        ("192.0.2.7", "192.0.2.0/24", True),
        ("192.0.2.7", "192.0.2.99/32", True),
        ("192.0.2.255", "192.0.0.0/16", True),
        ("192.0.3.0", "192.0.2.0/24", False),
        ("192.0.1.255", "192.0.2.0/23", False),
        ("9.255.255.255", "10.0.0.0/8", False),
        ("10.0.0.0", "10.0.0.0/8", True),
        ("2001:db8:5:6::7", "2001:db8:5::/48", True),
        ("2001:db8:5:6::7", "2001:db8:5:ffff::/64", True),
        ("2001:db8:6::7", "2001:db8:5::/48", False),
        ("192.0.2.7", "2001:db8::/32", False),
        ("2001:db8::1", "0.0.0.0/0", False),
    ],
)
def test_an_address_is_found_by_the_networks_that_hold_what_is_kept_of_it(
    address: str, network: str, is_found: bool
) -> None:
    assert is_in(address, network) is is_found


def test_what_is_kept_finds_no_connection() -> None:
    assert kept_address(ipaddress.ip_address("192.0.2.7")) == kept_address(
        ipaddress.ip_address("192.0.2.200")
    )
    assert kept_address(ipaddress.ip_address("2001:db8:5:6::7")) == kept_address(
        ipaddress.ip_address("2001:db8:5:7::9")
    )
    for network, is_narrower in (
        ("192.0.2.0/24", False),
        ("192.0.2.0/25", True),
        ("2001:db8:5::/48", False),
        ("2001:db8:5::/49", True),
    ):
        assert is_narrower_than_kept(ipaddress.ip_network(network)) is is_narrower
