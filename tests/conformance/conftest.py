"""The demo with its certification profile and the suite's own address, once for all plans of a run."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from sandbox.demo.driver import Browser
from tests.conformance.receiver import Receiver
from tests.conformance.relying_party import Completed, RelyingParty
from tests.conformance.suite import Suite
from tests.conformance.visitor import Visitor
from tests.demonstration import running_demo


@pytest.fixture(scope="session")
def suite_and_receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Suite, Receiver]]:
    """The demo learns the suite's address as from any operator; the card host's certificate is for any port of
    localhost.
    """
    receiver = Receiver("/test/a/caducee")
    state = tmp_path_factory.mktemp("conformance")
    with running_demo(state, "--profile", "conformance", "--suite", receiver.address) as running:
        tls = state / "igc" / "tls"
        with receiver.listening(tls / "server.crt", tls / "server.key"):
            yield Suite(running), receiver


@pytest.fixture(scope="session")
def suite(suite_and_receiver: tuple[Suite, Receiver]) -> Suite:
    return suite_and_receiver[0]


@pytest.fixture(scope="session")
def receiver(suite_and_receiver: tuple[Suite, Receiver]) -> Receiver:
    return suite_and_receiver[1]


@contextmanager
def visiting(suite: Suite) -> Iterator[Visitor]:
    with Browser(ca_bundle=suite.demo.ready["ca_bundle"]) as browser:
        yield Visitor(browser, suite.person, suite.address)


@pytest.fixture
def visitor(suite: Suite) -> Iterator[Visitor]:
    """The person with a browser that has no cookie yet."""
    with visiting(suite) as new:
        yield new


@pytest.fixture(scope="module")
def mode() -> str:
    """How answers come to the redirect URI; a plan may say otherwise."""
    return "query"


@pytest.fixture
def party_of(suite: Suite, receiver: Receiver, mode: str) -> Callable[[str], RelyingParty]:
    """`party_of("client2")`: one of the clients of the suite's configuration."""
    return lambda role: RelyingParty(suite, receiver, role, mode)


@pytest.fixture
def party(party_of: Callable[[str], RelyingParty]) -> RelyingParty:
    return party_of("client")


@dataclass(frozen=True)
class Early:
    """A code redeemed at the beginning of a plan. `at`: on the monotonic clock."""

    done: Completed
    at: float


@pytest.fixture(scope="module")
def redeemed_early(suite: Suite, receiver: Receiver, mode: str) -> Early:
    """For the module that waits thirty seconds: the others run meanwhile."""
    with visiting(suite) as visitor:
        return Early(RelyingParty(suite, receiver, "client", mode).complete(visitor), time.monotonic())
