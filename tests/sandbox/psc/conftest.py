"""One simulator for all the tests of this directory, reset before each; browsers closed after."""

from collections.abc import Callable, Iterator

import pytest

from tests.sandbox.processes import stop
from tests.sandbox.psc.driver import Browser, Psc, start_psc


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Psc]:
    psc = start_psc(tmp_path_factory.mktemp("psc"), "--validation")
    yield psc
    assert stop(psc.process) == 0


@pytest.fixture
def psc(running: Psc) -> Psc:
    running.reset()
    return running


@pytest.fixture
def browsers(psc: Psc) -> Iterator[Callable[[], Browser]]:
    opened: list[Browser] = []

    def new() -> Browser:
        opened.append(Browser(psc))
        return opened[-1]

    yield new
    for one in opened:
        one.http.close()


@pytest.fixture
def browser(browsers: Callable[[], Browser]) -> Browser:
    return browsers()
