"""What every test may use: the whole demonstration, started once; and how a run is arranged.

Contains the fixture `demo`; where a run writes (`scratch`), how many examples it tries (`examples`), what stays
together and begins first (`order`), which files were slow (`slowest`). Not here: a fake, a patch, a skip.
"""

import gc
import os
from collections.abc import Generator, Iterator

import pytest

from tests import reached, scratch  # noqa: F401 what is imported after `reached` is measured, if asked for
from tests.cluster import Cluster, running_cluster
from tests.demonstration import Demonstration, running_demo
from tests.examples import choose_profile
from tests.order import arrange
from tests.slowest import SlowestFiles

scratch.choose()
choose_profile()
_IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ


def pytest_configure(config: pytest.Config) -> None:
    if not _IS_WORKER:
        config.pluginmanager.register(SlowestFiles())


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if not _IS_WORKER and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.config.add_cleanup(scratch.remove)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Modules and tests stay to the end: looking for garbage among them takes a quarter of the time to collect them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


# Before pytest-xdist's own: it reads the groups there, and would find none.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    arrange(items)


@pytest.fixture(scope="session")
def region() -> Iterator[Cluster]:
    """Two providers behind nginx, PostgreSQL, Redis with its sentinels: started once, whatever is done to it."""
    with running_cluster() as running:
        yield running


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """The real demo on free ports, ended by SIGTERM; its end is checked: nothing of it may stay."""
    with running_demo(tmp_path_factory.mktemp("demo")) as running:
        yield running
