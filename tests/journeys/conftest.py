"""What every journey uses: a browser of its own per test, closed afterwards."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from sandbox.demo.driver import Browser
from tests.demonstration import Demonstration


@pytest.fixture
def browse(demo: Demonstration) -> Iterator[Callable[..., Browser]]:
    """`browse()`, or `browse("martin")` with that card in the reader: a new browser each time."""
    with ExitStack() as closing:
        yield lambda card=None, **options: closing.enter_context(demo.browser(card, **options))
