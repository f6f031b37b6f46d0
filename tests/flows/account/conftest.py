"""The fixtures of `tests/provider.py`, and a Pro Santé Connect that answers for Alice, for the tests of this room."""

from collections.abc import Callable, Iterator

import pytest

from tests.adapters.psc.hostile_psc import HostilePsc
from tests.protocol.psc import listening, person, settings_of
from tests.provider import Provider, app_factory, browser, every_door, fresh, provider, templates

__all__ = ["app_factory", "browser", "every_door", "fresh", "provider", "templates"]


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.lie = person()
        yield psc


@pytest.fixture
def make(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Callable[..., Provider]:
    """Makes a house that knows this Pro Santé Connect, with these settings beside."""
    return lambda **changes: app_factory(**settings_of(psc), **changes)
