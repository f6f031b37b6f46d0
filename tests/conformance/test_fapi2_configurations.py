"""The clients of the FAPI 2.0 plans, with the keys and certificates of their files: a whole sign-in with each of them,
by the steps of the suite's browser, and the modules that have steps of their own. Certificates go through the real
nginx, by the command that the demo tells.
"""

import shlex
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox.demo.driver import Browser
from tests.conformance.fapi_party import FapiParty
from tests.conformance.receiver import Receiver
from tests.conformance.scripted_browser import ScriptedBrowser
from tests.conformance.suite import Suite
from tests.conformance.suite_configuration import configurations
from tests.limits import eventually, within

DPOP, SIGNED = "fapi2-security-profile-final-dpop", "fapi2-message-signing-final"
BOUND, BY_CERTIFICATE = "fapi2-security-profile-final-mtls-bound", "fapi2-security-profile-final-mtls"
_PRE = "fapi2-security-profile-final"
PartyOf = Callable[..., FapiParty]


@pytest.fixture(scope="module")
def front(suite: Suite) -> Iterator[None]:
    """nginx, as the demo says to run it."""
    told = suite.told["nginx"]
    port = int(urlsplit(told["origin"]).port or 0)
    process = subprocess.Popen(shlex.split(told["command"]), stderr=subprocess.PIPE, text=True)
    try:
        assert eventually(lambda: process.poll() is not None or is_listening(port), 20)
        assert process.poll() is None, process.communicate()[1]
        yield
    finally:
        process.terminate()
        process.communicate(timeout=within(10))


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def party_of(suite: Suite, tmp_path: Path) -> PartyOf:  # type: ignore[override]
    return lambda name, role="client": FapiParty(configurations(suite)[name], tmp_path, role)


@pytest.fixture
def window(suite: Suite) -> Iterator[Browser]:
    with Browser(ca_bundle=suite.demo.ready["ca_bundle"], headers={"Accept-Language": "en-US"}) as new:
        yield new


def check_whole(party: FapiParty, scripted: ScriptedBrowser, receiver: Receiver) -> None:
    """Pushed, signed in, redeemed; the token works with what it is bound to, and with nothing else."""
    mark = receiver.mark()
    scripted.visit(party.address(party.push()))
    (came,) = receiver.since(mark, "/callback")
    tokens = party.redeem(party.read(came)["code"])
    answer = party.userinfo(tokens)
    assert answer.status_code == 200, answer.text
    assert answer.json()["sub"] == tokens["sub"]
    assert party.userinfo(tokens, proves=False).status_code == 401


@pytest.mark.parametrize("name", [DPOP, SIGNED])
def test_both_clients_of_a_plan_by_dpop_go_all_the_way(
    party_of: PartyOf, window: Browser, receiver: Receiver, name: str
) -> None:
    scripted = party_of(name).configuration.browser(window)
    for role in ("client", "client2"):
        check_whole(party_of(name, role), scripted, receiver)


@pytest.mark.usefixtures("front")
@pytest.mark.parametrize("name", [BOUND, BY_CERTIFICATE])
def test_both_clients_of_a_plan_by_certificate_go_all_the_way(
    party_of: PartyOf, window: Browser, receiver: Receiver, name: str
) -> None:
    scripted = party_of(name).configuration.browser(window)
    for role in ("client", "client2"):
        check_whole(party_of(name, role), scripted, receiver)


# The modules with steps of their own.


def came_or_seen(scripted: ScriptedBrowser, receiver: Receiver, mark: int) -> list[str]:
    return [*scripted.pictures, *(arrival.path for arrival in receiver.arrivals[mark:])]


@pytest.mark.parametrize("name", [DPOP, SIGNED])
def test_the_person_cancels(party_of: PartyOf, window: Browser, receiver: Receiver, name: str) -> None:
    party, mark = party_of(name, "client2"), receiver.mark()
    scripted = party.configuration.browser(window, f"{_PRE}-user-rejects-authentication")
    scripted.visit(party.address(party.push()))
    (came,) = receiver.since(mark, "/callback")
    assert party.read(came)["error"] == "access_denied"


def test_a_request_is_opened_twice_before_anybody_signs_in(
    party_of: PartyOf, window: Browser, receiver: Receiver
) -> None:
    """The first visit only looks: were it to sign in, the module would fail."""
    party, mark = party_of(DPOP), receiver.mark()
    module = f"{_PRE}-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds"
    scripted = party.configuration.browser(window, module)
    address = party.address(party.push())
    scripted.visit(address)
    assert scripted.taken == ["Look, and leave"]
    assert receiver.arrivals[mark:] == []
    scripted.visit(address, wants_picture=True)
    (came,) = receiver.since(mark, "/callback")
    assert "code" in party.read(came)


@pytest.mark.parametrize("name", [DPOP, SIGNED])
def test_a_request_that_has_served_is_refused_by_page_or_answer(
    party_of: PartyOf, window: Browser, receiver: Receiver, name: str
) -> None:
    party = party_of(name)
    scripted = party.configuration.browser(window, f"{_PRE}-par-attempt-reuse-request_uri")
    address = party.address(party.push())
    scripted.visit(address)
    mark = receiver.mark()
    scripted.visit(address, wants_picture=True)
    assert len(came_or_seen(scripted, receiver, mark)) == 1


def test_a_request_of_another_client_is_refused_by_page_or_answer(
    party_of: PartyOf, window: Browser, receiver: Receiver
) -> None:
    party, other, mark = party_of(DPOP), party_of(DPOP, "client2"), receiver.mark()
    module = f"{_PRE}-par-attempt-to-use-request_uri-for-different-client"
    scripted = party.configuration.browser(window, module)
    scripted.visit(other.address(party.push()), wants_picture=True)
    assert len(came_or_seen(scripted, receiver, mark)) == 1


def test_a_request_that_is_over_is_refused_by_page_or_answer(
    party_of: PartyOf, window: Browser, receiver: Receiver
) -> None:
    """The module waits a minute; an address that never was meets the same page."""
    party, mark = party_of(DPOP), receiver.mark()
    scripted = party.configuration.browser(window, f"{_PRE}-par-attempt-to-use-expired-request_uri")
    gone = party.push()[:-8] + "AAAAAAAA"
    scripted.visit(party.address(gone), wants_picture=True)
    assert len(came_or_seen(scripted, receiver, mark)) == 1


@pytest.mark.parametrize("name", [DPOP, SIGNED])
def test_a_request_that_was_not_pushed_is_refused_by_page_or_answer(
    party_of: PartyOf, window: Browser, receiver: Receiver, name: str
) -> None:
    party, mark = party_of(name), receiver.mark()
    module = f"{_PRE}-ensure-unsigned-authorization-request-without-using-par-fails"
    scripted = party.configuration.browser(window, module)
    scripted.visit(party.unpushed(), wants_picture=True)
    assert len(came_or_seen(scripted, receiver, mark)) == 1


def test_every_module_with_steps_of_its_own_is_played_here(suite: Suite) -> None:
    played = {
        "user-rejects-authentication",
        "par-ensure-reused-request-uri-prior-to-auth-completion-succeeds",
        "par-attempt-reuse-request_uri",
        "par-attempt-to-use-request_uri-for-different-client",
        "par-attempt-to-use-expired-request_uri",
        "ensure-unsigned-authorization-request-without-using-par-fails",
    }
    for name in (DPOP, SIGNED, BOUND, BY_CERTIFICATE):
        assert set(configurations(suite)[name].content["override"]) == {f"{_PRE}-{each}" for each in played}
