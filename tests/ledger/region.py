"""One running cluster, as its operator sees it: processes by name, the stores by their addresses.

Contains its pids, connections of an operator, its commands, what a program is started as. Not here: starting the
cluster (`tests.cluster`), damage.
"""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import requests
import yaml
from redis import Redis

from sandbox.cluster.files import Cluster as Files
from sandbox.cluster.ports import ClusterPorts
from sandbox.demo.places import Places
from sandbox.demo.settings import child_environment
from tests.cluster import Cluster
from tests.commands import command_line, start
from tests.forked_cluster import PLACE_OF_STARTS
from tests.ledger.asking import PUBLIC
from tests.limits import eventually, within

_SERVICE = "caducee"
#: What a client without a secret, without a session to be told of, has not.
_OF_ITS_OWN = ("client_secret", "backchannel_logout_uri")
_PATIENCE = within(3)


@dataclass(frozen=True)
class Region:
    cluster: Cluster

    def pid(self, name: str) -> int:
        return self.cluster.processes()[name]

    def register(self) -> None:
        """As an administrator: the first application is given refresh tokens, and a public client beside it."""
        place = self.cluster.state / "clients.yaml"
        clients = yaml.safe_load(place.read_text("utf-8"))
        first = clients["clients"][0]
        first["grant_types"] = ["authorization_code", "refresh_token"]
        public = {name: value for name, value in first.items() if name not in _OF_ITS_OWN}
        clients["clients"].append(public | {"client_id": PUBLIC, "token_endpoint_auth_method": "none"})
        # JSON is YAML, without the anchors that our reader refuses.
        place.write_text(json.dumps(clients, ensure_ascii=False, indent=1), "utf-8")

    def is_ready(self) -> bool:
        try:
            # The second first: it is started again more often, and one that does not listen costs the other no checks.
            nodes = reversed(self.cluster.ready["nodes"])
            answers = (requests.get(f"{node}/health/ready", timeout=_PATIENCE) for node in nodes)
            return all(answer.ok for answer in answers) and self._has_pages()
        except requests.RequestException:
            return False

    def becomes_ready(self, seconds: float) -> bool:
        return eventually(self.is_ready, seconds, every=0.4)

    def _has_pages(self) -> bool:
        address = f"{self.cluster.issuer}/.well-known/openid-configuration"
        return requests.get(address, timeout=_PATIENCE, verify=self.cluster.ready["ca_bundle"]).ok

    def settings(self) -> dict[str, str]:
        """Returns the provider's variables."""
        return self._files().provider_settings()

    def idp(self, *arguments: str, **changes: str) -> "subprocess.CompletedProcess[str]":
        """`idp …` with the settings of the cluster, and these changes."""
        command = start(*arguments, environment=child_environment(self.settings() | changes))
        status = command.wait(within(60))
        return subprocess.CompletedProcess(command_line(*arguments), status, command.stdout, command.stderr)

    def says(self, rank: int) -> str:
        """Returns what a node tells its operator of itself, "" when it does not answer."""
        port = self._ports().operations(rank)
        try:
            return requests.get(f"http://127.0.0.1:{port}/readyz?verbose", timeout=_PATIENCE).text
        except requests.RequestException:
            return ""

    def restart(self, *names: str) -> None:
        """As an upgrade does: SIGTERM, and until they are there again and every node ready."""
        pids = [self.pid(name) for name in names]
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
        assert eventually(lambda: all(self.pid(name) not in pids for name in names), 40)
        assert self.becomes_ready(40), f"{', '.join(names)} restarted, and not ready"

    @contextmanager
    def started_as(
        self, name: str, *, environment: Mapping[str, str | None], root: Path | None = None
    ) -> Iterator[None]:
        """This program runs with other variables (None: without), from the code of another directory, until the block
        is left."""
        told = {"environment": dict(environment), "root": root and str(root)}
        file = self.cluster.state / PLACE_OF_STARTS / f"{name}.json"
        file.write_text(json.dumps(told))
        try:
            self.restart(name)
            yield
        finally:
            file.unlink()
            self.restart(name)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url(), autocommit=True) as operator:
            return operator.execute(query, values).fetchall()

    def run(self, *statements: str) -> None:
        """As the owner of every database, in none of those of the service."""
        with psycopg.connect(self.database_url("postgres"), autocommit=True) as operator:
            for statement in statements:
                operator.execute(statement)

    def control_psc(self, **switches: object) -> None:
        address = f"http://localhost:{self._ports().around.psc_auth}/simulateur/api/switches"
        requests.put(address, json=switches, timeout=within(5)).raise_for_status()

    def delay_mails(self, seconds: float) -> None:
        address = f"{self._ports().around.mail_pages}api/delay"
        requests.put(address, json={"seconds": seconds}, timeout=within(5)).raise_for_status()

    def sentinel(self) -> "Redis[str]":
        return self._redis(self._ports().sentinel(0))

    def redis_master(self) -> "Redis[str]":
        _host, port = self.sentinel().sentinel_get_master_addr_by_name(_SERVICE)
        return self._redis(int(port), decode=False)

    def redis_nodes(self) -> "list[Redis[str]]":
        return [self._redis(self._ports().redis(rank)) for rank in range(2)]

    def master_name(self) -> str:
        """Returns the program that is the master of Redis now; the first one while no sentinel knows."""
        try:
            _host, port = self.sentinel().sentinel_get_master_addr_by_name(_SERVICE)
        except (OSError, TypeError, ValueError):
            return "redis-1"
        return next(f"redis-{rank + 1}" for rank in range(2) if self._ports().redis(rank) == int(port))

    def _redis(self, port: int, *, decode: bool = True) -> Any:
        password = self._places().secret("redis-password")
        return Redis(port=port, password=password, decode_responses=decode, socket_timeout=_PATIENCE)

    def database_url(self, name: str = "caducee") -> str:
        url = self._files().database_url.replace("+psycopg", "")
        return f"{url.rpartition('/')[0]}/{name}"

    def _files(self) -> Files:
        return Files(self._ports(), self._places())

    def _ports(self) -> ClusterPorts:
        # That of nginx is the first of all.
        return ClusterPorts.on(urlsplit(self.cluster.issuer).port or 0)

    def _places(self) -> Places:
        return Places(self.cluster.state)
