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
from tests.servers import free_port


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """The demo learns the suite's address as from any operator."""
    address = f"https://localhost:{free_port()}/test/a/caducee"
    state = tmp_path_factory.mktemp("conformance")
    with running_demo(state, "--profile", "conformance", "--suite", address) as running:
        yield Suite(running)


@pytest.fixture(scope="session")
def receiver(suite: Suite) -> Iterator[Receiver]:
    """With the certificate of the demo's card host, which is for any port of localhost."""
    tls = suite.demo.state / "igc" / "tls"
    with Receiver(suite.address, str(tls / "server.crt"), str(tls / "server.key")).listening() as listening:
        yield listening


@contextmanager
def visiting(suite: Suite) -> Iterator[Visitor]:
    with Browser(ca_bundle=suite.demo.ready["ca_bundle"]) as browser:
        yield Visitor(browser, suite.person, suite.address)


@pytest.fixture
def visitor(suite: Suite) -> Iterator[Visitor]:
    """The person with a browser that has no cookie yet."""
    with visiting(suite) as new:
        yield new


@pytest.fixture
def another_visitor(suite: Suite) -> Iterator[Visitor]:
    """The same person at another machine."""
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
