"""The demo with its certification profile, started once for all plans."""

from collections.abc import Iterator

import pytest

from tests.conformance.suite import Suite
from tests.demonstration import running_demo
from tests.servers import free_port


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """Where the suite waits for answers is an address of its own: the demo learns it as from any operator."""
    address = f"https://localhost:{free_port()}/test/a/caducee"
    state = tmp_path_factory.mktemp("conformance")
    with running_demo(state, "--profile", "conformance", "--suite", address) as running:
        yield Suite(running)
