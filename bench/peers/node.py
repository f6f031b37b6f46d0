"""npm `oidc-provider`, as the author of an application deploys it: own sign-in page, memory or Redis.

Contains installing it by name into the work directory, and starting it. Not here: its application.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.peers.fixture import client, fixture_directory, users
from bench.processes import Group, fetch, free_port, program, run, work_directory
from bench.stores import start_redis

_SOURCES = Path(__file__).parent / "node_oidc_provider"
_PACKAGES = ("oidc-provider", "ioredis", "@node-rs/argon2")


def _install() -> Path:
    """Returns the directory of the application. Raises Missing, NotStarted."""
    npm, place = program("npm"), work_directory() / "node"
    place.mkdir(exist_ok=True)
    if not all((place / "node_modules" / package).exists() for package in _PACKAGES):
        (place / "package.json").write_text('{"private": true, "type": "module"}')
        run([npm, "install", "--no-audit", "--no-fund", *_PACKAGES], environment={}, directory=place)
    for source in _SOURCES.glob("*.mjs"):
        shutil.copy(source, place)
    return place


def version() -> str:
    """Returns that of the package, empty while it is not installed."""
    told = work_directory() / "node" / "node_modules" / "oidc-provider" / "package.json"
    return str(json.loads(told.read_text())["version"]) if told.exists() else ""


def start_node(alg: str, store: str) -> Any:
    def start(started: Group, workers: int) -> Mapping[str, Any]:
        node, place, port = program("node"), _install(), free_port()
        environment = {
            "NODE_ENV": "production",
            "PORT": str(port),
            "ALG": alg,
            "STORE": store,
            "REDIS_PORT": str(start_redis(started)) if store == "redis" else "",
            "KEYS": str(fixture_directory()),
            "WORKERS": str(workers if store == "redis" else 1),
        }
        started.start([node, place / "server.mjs"], started.server, environment=environment, directory=place)
        url = f"http://127.0.0.1:{port}/.well-known/openid-configuration"
        started.wait(lambda: fetch(url), "oidc-provider")
        return {**client(), "discovery_url": url, "users": users()}

    return start
