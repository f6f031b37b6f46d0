"""What `idp doctor` sees at the addresses of the issuer and of the card host, whatever stands in between."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from idp.core.finding import Finding, State
from idp.wiring.doctor.outside import cookie_faults
from tests.cli.doctor.healthy_house import House, findings, house, redis, relay, served, well
from tests.cli.serve.test_serve import make_pair
from tests.made_once import place_igc
from tests.servers import free_port

__all__ = ["house", "redis", "relay", "well"]

COOKIE = "caducee_browser=x; HttpOnly; Path=/; SameSite=Lax"


@dataclass
class Outside:
    """What stands at the issuer: right, unless a test changes it."""

    issuer: str
    seen: str | None = "127.0.0.1"
    ready: int = 200
    cookies: list[str] = field(default_factory=lambda: [COOKIE])
    cuts_health: bool = False

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        said: dict[str, Any] = {"issuer": self.issuer}
        if path == "/health/live":
            said = {"status": "alive"} | ({} if self.seen is None else {"seen": self.seen})
        status = self.ready if path == "/health/ready" else 200
        cookies = [("Set-Cookie", cookie) for cookie in self.cookies] if path == "/account/sign-in" else []
        start(f"{status} Said", [("Content-Type", "application/json"), *cookies])
        whole = json.dumps(said).encode()
        return [whole[:3] if self.cuts_health and path == "/health/live" else whole]


@pytest.fixture
def outside(house: House) -> Iterator[Outside]:
    """In place of the application."""
    house.told["ISSUER"] = issuer = f"http://localhost:{free_port()}"
    standing = Outside(issuer)
    with served(issuer, standing):
        yield standing


def first(house: House) -> Finding:
    return findings(house.settings)[0]


def test_an_issuer_at_which_nobody_answers_is_one_fault_and_the_rest_waits_for_it(house: House) -> None:
    house.told["ISSUER"] = f"http://localhost:{free_port()}"
    found, *others = findings(house.settings)
    assert (found.name, found.state) == ("issuer", State.RED)
    waiting = {one.name for one in others if one.says == "not looked at: first « issuer »"}
    assert waiting == {"ready", "proxy", "cookies"}


def test_another_service_at_the_address_is_named(house: House, outside: Outside) -> None:
    outside.issuer = "https://elsewhere.example"
    found = first(house)
    assert (found.name, found.state) == ("issuer", State.RED)
    assert "another CADUCEE_ISSUER" in found.says


def test_an_issuer_of_an_authority_unknown_here_is_one_amber_line_and_the_rest_waits_for_it(
    house: House,
) -> None:
    house.told["ISSUER"] = issuer = f"https://localhost:{free_port()}"
    certificate, key = make_pair(house.place, days=400)
    with served(issuer, Outside(issuer), (str(certificate), str(key))):
        found = {one.name: one for one in findings(house.settings)}
    assert found["issuer"].state is State.AMBER
    for waiting in ("ready", "proxy", "cookies"):
        assert (found[waiting].state, found[waiting].says) == (
            State.AMBER,
            "not looked at: first « issuer »",
        )


def test_an_answer_cut_on_its_way_is_told_in_words(house: House, outside: Outside) -> None:
    outside.cuts_health = True
    found = {one.name: one for one in findings(house.settings)}["proxy"]
    assert (found.state, found.says) == (State.RED, "unreadable JSON")
    assert "the proxy" in found.remedy


@pytest.mark.parametrize(
    ("seen", "state", "words"),
    [
        (None, State.RED, "it does not know us"),
        ("", State.RED, "it tells no address of a caller"),
        ("192.0.2.255", State.RED, "addresses can be forged"),
        ("10.0.0.9", State.AMBER, "is seen as 10.0.0.9: is that your proxy"),
    ],
)
def test_a_proxy_that_hides_or_believes_addresses_is_told(
    house: House, outside: Outside, seen: str | None, state: State, words: str
) -> None:
    outside.seen = seen
    found = first(house)
    assert (found.name, found.state) == ("proxy", state)
    assert words in found.says
    assert "TRUSTED_PROXY_HOPS" in found.remedy


def test_nobody_who_can_sign_in_and_no_cookie_are_red(house: House, outside: Outside) -> None:
    outside.ready, outside.cookies = 503, []
    found = [one for one in findings(house.settings) if one.state is State.RED]
    assert [one.name for one in found] == ["ready", "cookies"]


@pytest.mark.parametrize(
    ("cookie", "fault"),
    [
        ("__Host-caducee_browser=x; Secure; HttpOnly; Path=/; SameSite=Lax", None),
        (COOKIE, "comes without secure"),
        ("caducee_browser=x; Secure; HttpOnly; Path=/; SameSite=Lax", "comes without __Host-"),
        ("__Host-caducee_browser=x; Secure; Path=/; SameSite=Lax", "comes without httponly"),
        ("__Host-caducee_browser=x; Secure; HttpOnly; Path=/idp; SameSite=Lax", "comes without path=/"),
        (
            "__Host-caducee_browser=x; Secure; HttpOnly; Path=/; Domain=a.example; SameSite=Lax",
            "with a domain",
        ),
        ("__Host-caducee_browser=x; Secure; HttpOnly; Path=/", "comes without SameSite"),
    ],
)
def test_a_cookie_that_a_proxy_changed_is_told(cookie: str, fault: str | None) -> None:
    faults = cookie_faults((cookie,), is_secure=True)
    assert (faults == []) if fault is None else (fault in " ".join(faults))


def test_the_card_host_is_met_as_a_browser_meets_it(house: House) -> None:
    """Nobody answers at its address."""
    place_igc(house.place / "igc")
    files = sorted((house.place / "igc" / "ca").glob("*.pem"))
    house.told |= {
        "CARD_ROOT_FILES": ":".join(map(str, files)),
        "CARD_ACCEPT_TEST_CARDS": "true",
        "CARD_ACCEPT_EMPLOYEE_CARDS": "true",
        "CARD_HOST": f"https://localhost:{free_port()}",
    }
    found = {one.name: one for one in findings(house.settings)}["card host from outside"]
    assert (found.state, found.says.endswith("ConnectionRefusedError")) == (State.RED, True)
