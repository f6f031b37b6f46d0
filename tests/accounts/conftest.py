"""What the tests of this room share: a clock that stands still, and two stores on it."""

import pytest

from tests.fakes import FixedClock, MemoryStore


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def store(clock: FixedClock) -> MemoryStore:
    return MemoryStore(clock)


@pytest.fixture
def durable(clock: FixedClock) -> MemoryStore:
    return MemoryStore(clock)
