"""One running cluster, as its operator sees it: processes by name, the stores by their addresses.

Contains its pids, connections of an operator, its commands. Not here: starting it (`tests.cluster`), damage.
"""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psycopg
import requests
import yaml
from redis import Redis

from sandbox.cluster.files import Cluster as Files
from sandbox.cluster.ports import ClusterPorts
from sandbox.demo.places import Places
from tests.cluster import Cluster
from tests.ledger.people import PUBLIC
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
            nodes = [
                requests.get(f"{node}/health/ready", timeout=_PATIENCE)
                for node in self.cluster.ready["nodes"]
            ]
            return all(answer.ok for answer in nodes) and self._has_pages()
        except requests.RequestException:
            return False

    def becomes_ready(self, seconds: float) -> bool:
        return eventually(self.is_ready, seconds, every=0.2)

    def _has_pages(self) -> bool:
        address = f"{self.cluster.issuer}/.well-known/openid-configuration"
        return requests.get(address, timeout=_PATIENCE, verify=self.cluster.ready["ca_bundle"]).ok

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._database_url(), autocommit=True) as operator:
            return operator.execute(query, values).fetchall()

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

    def _database_url(self) -> str:
        return Files(self._ports(), self._places()).database_url.replace("+psycopg", "")

    def _ports(self) -> ClusterPorts:
        # That of nginx is the first of all.
        return ClusterPorts.on(urlsplit(self.cluster.issuer).port or 0)

    def _places(self) -> Places:
        return Places(self.cluster.state)
