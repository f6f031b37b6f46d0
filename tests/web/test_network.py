"""Where a caller comes from, as our proxies write it, and how much may come from there."""

import ipaddress
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.wrappers import Request

from idp.core.ephemeral import Kind
from idp.settings.crowd import CrowdSettings
from idp.settings.mail_code import MailCodeSettings
from idp.settings.password import PasswordSettings
from idp.web.caller_address import Warnings
from idp.web.cookies import Cookies
from idp.web.network import CallerNetworks
from idp.web.network_quota import NetworkQuota
from idp.web.shared_stations import SharedStations
from tests.fakes import FixedClock, MemoryStore
from tests.logged import logged_here

PROXY = "10.0.0.9"


def asking(forwarded: str | None = None, peer: str = PROXY) -> Request:
    environ = {"REMOTE_ADDR": peer, "REQUEST_METHOD": "GET", "wsgi.url_scheme": "http"}
    return Request(environ if forwarded is None else {**environ, "HTTP_X_FORWARDED_FOR": forwarded})


def networks(hops: int = 1) -> CallerNetworks:
    return CallerNetworks(trusted_proxy_hops=hops, warnings=Warnings(FixedClock()))


@pytest.mark.parametrize(
    ("written", "network"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        ("192.0.2.7:5678", "192.0.2.7/32"),
        ("[192.0.2.7]:5678", "192.0.2.7/32"),
        ("2001:db8::1", "2001:db8::/64"),
        ("[2001:db8::1]", "2001:db8::/64"),
        ("[2001:db8::1]:443", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ("[::ffff:192.0.2.7]:443", "192.0.2.7/32"),
        ("198.51.100.1, 192.0.2.7:5678 ", "192.0.2.7/32"),
    ],
)
def test_address_is_read_with_port_and_brackets(written: str, network: str) -> None:
    caller = networks()
    assert (caller.of(asking(written)), caller.of_person(asking(written), "b")) == (network, network)


def test_the_last_64_bits_of_ipv6_are_one_caller_and_the_others_not() -> None:
    same = networks().of(asking("2001:db8:0:1::1")), networks().of(asking("2001:db8:0:1:ffff::2"))
    assert same == ("2001:db8:0:1::/64", "2001:db8:0:1::/64")
    assert networks().of(asking("2001:db8:0:2::1")) == "2001:db8:0:2::/64"


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        " ",
        "unknown",
        "_hidden",
        "1.2.3",
        "1.2.3.4:",
        "1.2.3.4:x",
        "[2001:db8::1",
        "::1]",
        "[]",
        "é",
    ],
)
def test_people_whose_address_is_not_told_share_nothing(written: str | None) -> None:
    """They were all « unknown »: one person's tries were everybody's."""
    caller = networks()
    assert caller.address(asking(written)) is None
    assert [caller.of_person(asking(written), name) for name in "ab"] == ["browser a", "browser b"]
    assert caller.of(asking(written)) == f"{PROXY}/32"
    assert networks().of(asking(written, peer="")) == "unknown"


def test_an_ipv4_address_seen_through_ipv6_is_that_address() -> None:
    assert networks(hops=0).of(asking(peer="::ffff:192.0.2.7")) == "192.0.2.7/32"


def test_a_shorter_chain_than_expected_is_read_as_far_as_our_own_proxies_wrote_it() -> None:
    with logged_here() as logs:
        assert networks(hops=2).of(asking("192.0.2.7")) == "192.0.2.7/32"
    assert [one["fault"] for one in logs] == ["fewer entries than TRUSTED_PROXY_HOPS"]
    assert networks(hops=2).of(asking("192.0.2.7, 10.0.0.8")) == "192.0.2.7/32"
    assert networks(hops=0).of(asking("192.0.2.7")) == f"{PROXY}/32"


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("192.0.2.7:5678", "address with port or brackets"),
        ("[2001:db8::1]:443", "address with port or brackets"),
        ("", "missing or empty"),
        (None, "missing or empty"),
        ("unknown", "no address"),
    ],
)
def test_the_operator_is_warned_once_an_hour_and_no_address_is_logged(
    written: str | None, fault: str
) -> None:
    clock = FixedClock()
    caller = CallerNetworks(trusted_proxy_hops=1, warnings=Warnings(clock))
    with logged_here() as logs:
        for _ in range(3):
            caller.of(asking(written))
        clock.advance(minutes=60)
        caller.of(asking(written))
    assert logs == [{"event": "forwarded_for", "fault": fault, "log_level": "warning"}] * 2


def test_what_proxies_write_well_is_no_fault() -> None:
    with logged_here() as logs:
        for well in ("192.0.2.7", "2001:db8::1", "::ffff:192.0.2.7"):
            networks().of(asking(well))
    assert logs == []


@pytest.mark.parametrize(
    ("written", "holds"),
    [
        ("192.0.2.7:5678", True),
        ("[2001:db8::10]:443", True),
        ("198.51.100.7", False),
        ("2001:db8::11", True),  # Of the same /64.
        ("2001:db8:0:1::10", False),
        ("", True),  # It may be one of them: identifying afresh is the safe side.
        ("unknown", True),
    ],
)
def test_shared_stations_are_recognised_however_the_proxy_writes(written: str, holds: bool) -> None:
    shared = (ipaddress.ip_network("192.0.2.0/24"), ipaddress.ip_network("2001:db8::10/128"))
    assert SharedStations(Cookies(False), networks(), shared).holds(asking(written)) is holds
    assert not SharedStations(Cookies(False), networks(), ()).holds(asking(written))


class TestQuota:
    def quota(self, **changes: Any) -> NetworkQuota:
        fields: dict[str, Any] = {
            "store": MemoryStore(),
            "networks": networks(),
            "kind": Kind.PASSWORD_POSTS_BY_IP,
            "most": 2,
            "window": timedelta(minutes=1),
            "crowded": (ipaddress.ip_network("192.0.2.0/24"),),
            "factor": 3,
        }
        return NetworkQuota(**{**fields, **changes})

    def claimed(self, quota: NetworkQuota, written: str | None, browser: str = "b") -> int:
        """How many may come."""
        return next(n for n in range(100) if not quota.claim(asking(written), browser))

    @pytest.mark.parametrize(
        ("written", "browser", "most"),
        [
            ("198.51.100.7", "b", 2),
            ("198.51.100.7", "", 2),
            ("192.0.2.7", "b", 6),
            ("192.0.2.7:5678", "", 6),
            (None, "b", 2),
            (None, "", 6),  # The proxy itself: very many stand behind it.
        ],
    )
    def test_a_network_named_by_the_operator_gets_more(
        self, written: str | None, browser: str, most: int
    ) -> None:
        assert self.claimed(self.quota(), written, browser) == most

    def test_one_address_does_not_use_up_anothers(self) -> None:
        quota = self.quota()
        self.claimed(quota, "192.0.2.7")
        assert self.claimed(quota, "192.0.2.8") == 6

    def test_a_look_counts_nothing(self) -> None:
        quota = self.quota()
        looks = [quota.is_used_up(asking("198.51.100.7"), "b") for _ in range(5)]
        assert (looks, self.claimed(quota, "198.51.100.7")) == ([False] * 5, 2)
        assert quota.is_used_up(asking("198.51.100.7"), "b")

    @pytest.mark.parametrize(
        ("most", "window"),
        [
            (
                PasswordSettings(pepper="p" * 43).posts_per_network,
                PasswordSettings(pepper="p" * 43).network_window,
            ),
            (MailCodeSettings().per_network, MailCodeSettings().network_window),
            (CrowdSettings().begun, CrowdSettings().begun_window),
        ],
        ids=["passwords", "mail codes", "sign-ins"],
    )
    def test_six_hundred_people_enter_through_one_address_at_the_change_of_shift(
        self, most: int, window: timedelta
    ) -> None:
        """In ten minutes, and every fifth person twice; in a network that no operator named."""
        clock = FixedClock()
        quota = self.quota(store=MemoryStore(clock), most=most, window=window)
        for _ in range(720):
            assert quota.claim(asking("198.51.100.7"), "b")
            clock.advance(seconds=600 / 720)
