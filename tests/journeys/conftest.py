"""What every journey uses: browsers closed afterwards, and the demos that need settings of their own.

A module that needs a demo to itself defines a fixture `demo` of its own; `browse` then follows it.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from sandbox.demo.driver import Browser
from tests.demonstration import Demonstration, running_demo


@pytest.fixture
def browse(request: pytest.FixtureRequest) -> Iterator[Callable[..., Browser]]:
    """`browse()`, or `browse("martin")` with that card in the reader: a new browser each time.

    At the demo of the module, unless `at` names another: then that of the module is not started for nothing.
    """
    with ExitStack() as closing:

        def opened(card: str | None = None, at: Demonstration | None = None, **options: object) -> Browser:
            place: Demonstration = at or request.getfixturevalue("demo")
            return closing.enter_context(place.browser(card, **options))

        yield opened


@pytest.fixture(scope="session")
def short_lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """A demo where waiting for the end of a life takes seconds, with few codes an hour and many password tries."""
    lives = ("MAIL_CODE_LIFE=3", "INTERACTION_LIFE=6", "CARD_ATTEMPT_LIFE=2", "ID_TOKEN_LIFE=1")
    limits = ("MAIL_CODES_PER_HOUR=5", "PASSWORD_FREE_TRIES=100", "PASSWORD_TRIES_PER_DAY=200")
    settings = [word for setting in (*lives, *limits) for word in ("--set", setting)]
    with running_demo(tmp_path_factory.mktemp("short"), *settings) as running:
        yield running
