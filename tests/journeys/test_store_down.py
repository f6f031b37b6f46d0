"""The ephemeral store goes away in the middle of a login: we refuse, say so, and go on once it is back."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests

from sandbox.demo.driver import Browser
from tests.demonstration import Demonstration, running_demo
from tests.journeys import gestures as do
from tests.journeys.own_party import OwnParty
from tests.servers import RunningServer, redis_server


@dataclass(frozen=True)
class House:
    demo: Demonstration
    redis: RunningServer

    def status(self, path: str) -> int:
        return requests.get(f"{self.demo.issuer}{path}", timeout=20).status_code


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A demo on a real redis-server of its own, that the tests pause and resume."""
    with redis_server() as redis, running_demo(tmp_path_factory.mktemp("redis"), "--redis", redis.url) as demo:
        yield House(demo, redis)


@pytest.fixture
def demo(house: House) -> Demonstration:
    return house.demo


class Silence:
    """While it lasts, redis keeps its connections and answers nothing: what it held is there afterwards."""

    def __init__(self, redis: RunningServer) -> None:
        self._redis = redis

    def __enter__(self) -> None:
        self._redis.pause()

    def __exit__(self, *_: object) -> None:
        self._redis.resume()


def assert_unavailable(page: object) -> None: ...
