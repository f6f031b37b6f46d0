"""The floor: the least Python that completes the flows, to see what a lean provider costs on this machine.

Contains starting it under granian, as Caducée. Not here: its applications (`minimal`, `promised`); it is no product.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.peers.fixture import client, fixture_directory, users
from bench.processes import PYTHON, ROOT, Group, fetch, free_port
from bench.stores import start_postgresql, start_redis


def start_floor(alg: str, pieces: str = "") -> Any:
    """`pieces`: "stores", or "engine" for the stores and the engine; see `promised`."""

    def start(started: Group, workers: int) -> Mapping[str, Any]:
        port = free_port()
        environment = {
            "PORT": str(port),
            "ALG": alg,
            "REDIS_PORT": str(start_redis(started)),
            "KEYS": str(fixture_directory()),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        if pieces:
            environment["PIECES"] = pieces
            environment["DATABASE"] = start_postgresql(started).replace("+psycopg", "")
        serve = [
            Path(PYTHON).parent / "granian",
            "--interface",
            "wsgi",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
        ]
        options = [
            "--workers",
            str(workers),
            "--no-ws",
            "--log-level",
            "warning",
            "--blocking-threads",
            "1",
            "--factory",
        ]
        command = [*serve, *options, f"bench.peers.{'promised' if pieces else 'minimal'}:application"]
        started.start(command, started.server, environment=environment, directory=ROOT)
        url = f"http://127.0.0.1:{port}/.well-known/openid-configuration"
        started.wait(lambda: fetch(url), "the floor")
        return {**client(), "discovery_url": url, "users": users()}

    return start
