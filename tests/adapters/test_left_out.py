"""What a web worker does without: what stands in for it raises when it is used."""

import importlib.util
import subprocess
import sys

import pytest

from idp.adapters.left_out import STANDING_IN, LeftOut, _StandIn
from tests.commands import ROOT
from tests.servers import redis_sentinel, redis_server


@pytest.mark.parametrize("name", [*STANDING_IN, "Cryptodome.Cipher.AES"])
def test_what_stands_in_can_be_imported_from_and_never_used(name: str) -> None:
    spec = _StandIn().find_spec(name, None)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    with pytest.raises(LeftOut, match=f"^{name}.new$"):
        module.new(b"key")
    with pytest.raises(AttributeError):
        module.__wrapped__  # noqa: B018


@pytest.mark.parametrize("name", ["redis", "redis.asynchronous", "Cryptodomex", "json"])
def test_nothing_else_is_stood_in_for(name: str) -> None:
    assert _StandIn().find_spec(name, None) is None


_PROGRAM = """
import sys
from idp.adapters.left_out import leave_out
leave_out()
from idp.adapters.redis_connections import command
from idp.adapters.redis_urls import connect_redis
with connect_redis(sys.argv[1]) as connections:
    print(connections.ask([command("a", "SET", "a", "1")]), connections.ask([command("a", "GET", "a")]))
"""


def test_redis_is_reached_by_what_is_left_of_its_library() -> None:
    """Its client finds the master by commands of its own."""
    with redis_server() as server, redis_sentinel(server.url, "caducee") as sentinel:
        for url in (f"{server.url}/0", sentinel.url):
            command = [sys.executable, "-c", _PROGRAM, url]
            ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            assert (ended.stdout, ended.stderr) == ("['OK'] ['1']\n", ""), url
