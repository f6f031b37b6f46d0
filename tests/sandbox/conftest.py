"""The provider double, the two relying parties before it, and a browser without JavaScript."""

from collections.abc import Iterator

import pytest
import requests

from tests.sandbox.openid_double import OpenIdDouble, listening
from tests.sandbox.processes import free_port, stop
from tests.sandbox.relying_parties import Parties, start_parties


@pytest.fixture(scope="module")
def provider_process() -> Iterator[OpenIdDouble]:
    port = free_port()
    double = OpenIdDouble(f"http://localhost:{port}")
    with listening(double, port):
        yield double


@pytest.fixture
def provider(provider_process: OpenIdDouble) -> OpenIdDouble:
    provider_process.behave()
    return provider_process


@pytest.fixture(scope="module")
def parties(provider_process: OpenIdDouble, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parties]:
    running = start_parties(provider_process.issuer, tmp_path_factory.mktemp("rp"))
    yield running
    assert stop(running.process) == 0


@pytest.fixture
def browser() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session
