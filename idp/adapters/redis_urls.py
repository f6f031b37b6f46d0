"""Which Redis a URL means: one server, the master that Sentinel names, a Cluster.

Contains the schemes and what each takes from its URL. Not here: what is sent on a connection (`redis_connections`,
`redis_cluster`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from idp.adapters.redis_cluster import Cluster, Node
from idp.adapters.redis_cluster_store import RedisClusterStore
from idp.adapters.redis_connections import Connections, Parser
from idp.adapters.redis_store import RedisStore

_TIMEOUT_SECONDS = 0.5
_PORT, _SENTINEL_PORT = 6379, 26379


def connect_redis(url: str) -> Connections:
    """Returns connections to one server: redis://, rediss://, unix://, or the master that the sentinels of
    redis+sentinel:// or rediss+sentinel:// name. Raises ValueError for another scheme."""
    if _scheme(url) not in _CLIENTS:
        # The message must not quote the URL: it may hold a password.
        raise ValueError(f"Redis URL: expected one of {', '.join(sorted(SCHEMES))}")
    return Connections(_CLIENTS[_scheme(url)](url))


def connect(url: str) -> Connections | Cluster:
    """Returns connections to one of these, or to all masters of the Cluster of redis+cluster:// or
    rediss+cluster://host:port,host:port. Raises ValueError, also for what redis-py does not take."""
    return _cluster(url) if _is_cluster(url) else connect_redis(url)


def redis_store(url: str) -> RedisStore:
    """Raises ValueError as `connect` does."""
    return RedisClusterStore(_cluster(url)) if _is_cluster(url) else RedisStore(connect_redis(url))


def _is_cluster(url: str) -> bool:
    return _scheme(url) in _CLUSTERS


def _scheme(url: str) -> str:
    return url.partition(":")[0]


def _options() -> dict[str, Any]:
    # No retry: a browser is waiting, and what may be repeated is decided in `Connections.ask`.
    return {
        "socket_timeout": _TIMEOUT_SECONDS,
        "socket_connect_timeout": _TIMEOUT_SECONDS,
        "decode_responses": True,
        "retry": Retry(NoBackoff(), 0),
        # Nothing here needs the third version, whose greeting costs each connection two round trips more.
        "protocol": 2,
    }


def _direct(url: str) -> Redis:
    return Redis.from_url(url, **_options(), parser_class=Parser)


def _behind_sentinel(url: str) -> Redis:
    """User and password are for the data nodes, `?sentinel_username=` and `?sentinel_password=` for the sentinels;
    `?db=`: the database; `?ssl_…=`: for both."""
    parts, query = urlsplit(url), dict(parse_qsl(urlsplit(url).query))
    service = parts.path.strip("/")
    if not service:
        raise ValueError("Redis Sentinel URL: the path must name the service")
    guards = {
        name.removeprefix("sentinel_"): value for name, value in query.items() if name.startswith("sentinel_")
    }
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        [(host, port) for host, port in _places(parts, _SENTINEL_PORT)],
        sentinel_kwargs=_options() | _tls(parts, query) | guards,
        **_options(),
        **_tls(parts, query),
        parser_class=Parser,
        db=int(query.get("db", "0")),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )
    return cast(Redis, sentinel.master_for(service))  # type: ignore[no-untyped-call]


def _tls(parts: SplitResult, query: dict[str, str]) -> dict[str, Any]:
    if not parts.scheme.startswith("rediss"):
        return {}
    return {"ssl": True} | {name: value for name, value in query.items() if name.startswith("ssl_")}


def _cluster(url: str) -> Cluster:
    parts = urlsplit(url)
    credentials, at, _places_of_it = parts.netloc.rpartition("@")
    node = _NodeUrl(scheme=parts.scheme.partition("+")[0], user=f"{credentials}{at}", query=parts.query)
    return Cluster(seeds=_places(parts, _PORT), open_node=node.open)


@dataclass(frozen=True, slots=True)
class _NodeUrl:
    """What the URL of a Cluster says of each of its nodes: user and password, TLS."""

    scheme: str
    #: With its @.
    user: str
    query: str

    def open(self, node: Node) -> Connections:
        host, port = node
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return Connections(_direct(f"{self.scheme}://{self.user}{place}/0?{self.query}"))


def _places(parts: SplitResult, default: int) -> list[Node]:
    addresses = (urlsplit(f"//{place}") for place in parts.netloc.rpartition("@")[2].split(","))
    return [(address.hostname or "localhost", address.port or default) for address in addresses]


_CLIENTS: dict[str, Callable[[str], Redis]] = {
    "redis": _direct,
    "rediss": _direct,
    "unix": _direct,
    "redis+sentinel": _behind_sentinel,
    "rediss+sentinel": _behind_sentinel,
}
_CLUSTERS = ("redis+cluster", "rediss+cluster")
SCHEMES = (*_CLIENTS, *_CLUSTERS)
