"""What every test may use: where the project is, and the whole demonstration, started once.

Contains the fixture `demo`. Not here: a fake, a patch, a skip.
"""

from collections.abc import Iterator

import pytest

from tests.demonstration import Demonstration, running_demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """The real demo on free ports, ended by SIGTERM; its end is checked: nothing of it may stay."""
    with running_demo(tmp_path_factory.mktemp("demo")) as running:
        yield running
