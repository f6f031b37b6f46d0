"""What every journey uses: browsers closed afterwards, and the demos that need settings of their own.

A module that needs a demo to itself defines a fixture `demo` of its own; `browse` then follows it.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from sandbox.demo.driver import Browser
from tests.demonstration import Demonstration, running_demo


@pytest.fixture
def browse(demo: Demonstration) -> Iterator[Callable[..., Browser]]:
    """`browse()`, or `browse("martin")` with that card in the reader: a new browser each time."""
    with ExitStack() as closing:

        def opened(card: str | None = None, at: Demonstration = demo, **options: object) -> Browser:
            return closing.enter_context(at.browser(card, **options))

        yield opened


@pytest.fixture(scope="session")
def short_lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """A demo where waiting for the end of a life takes seconds."""
    lives = ("MAIL_CODE_LIFE=3", "INTERACTION_LIFE=6", "CARD_ATTEMPT_LIFE=2")
    settings = [word for life in lives for word in ("--set", life)]
    with running_demo(tmp_path_factory.mktemp("short"), *settings) as running:
        yield running
