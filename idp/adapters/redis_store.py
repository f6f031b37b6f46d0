"""`EphemeralStore` on Redis 6.2 or later, alone or behind Sentinel.

Contains one key per record, `caducee:1:<kind>:<sha256>`, which holds `<version>\\n<json>`; a counter is the version
alone, for INCR. Every operation is one command or one script on one key. Not here: anything that must survive: Redis
may lose an acknowledged write in a failover (docs/adr/0002).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, cast
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from idp.adapters.ephemeral_record import as_text, checked_life, from_text, hashed
from idp.core.ephemeral import Kind, StaleRecord, StoreUnavailable, Versioned

_TIMEOUT_SECONDS = 0.5
_MILLISECOND = timedelta(milliseconds=1)

# KEYS[1]: record. ARGV: expected version, new envelope, life in ms or "" to keep the present one. Returns 1 if swapped.
_SWAP = """
local record = redis.call('GET', KEYS[1])
if not record or string.match(record, '^%d+') ~= ARGV[1] then return 0 end
if ARGV[3] == '' then redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1
"""
# KEYS[1]: counter. ARGV: life of the window in ms, set by the first count only.
_COUNT = """
local counted = redis.call('INCR', KEYS[1])
if counted == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return counted
"""


class RedisStore:
    """`client`: one that answers in text (`decode_responses=True`), as `connect_redis` makes it."""

    def __init__(self, client: Redis, prefix: str = "caducee:1:") -> None:
        self._client = client
        self._prefix = prefix
        self._swap = client.register_script(_SWAP)
        self._count = client.register_script(_COUNT)

    def put(self, kind: Kind, key: str, value: Mapping[str, Any], ttl: timedelta) -> None:
        life, envelope = _milliseconds(ttl), _envelope(0, value)
        with _outage_named():
            self._client.set(self._name(kind, key), envelope, px=life)

    def add(self, kind: Kind, key: str, value: Mapping[str, Any], ttl: timedelta) -> bool:
        life, envelope = _milliseconds(ttl), _envelope(0, value)
        with _outage_named():
            return bool(self._client.set(self._name(kind, key), envelope, px=life, nx=True))

    def get(self, kind: Kind, key: str) -> Versioned | None:
        with _outage_named():
            reply = self._client.get(self._name(kind, key))
        return _opened(reply)

    def take(self, kind: Kind, key: str) -> Mapping[str, Any] | None:
        # GETDEL is atomic: of several callers, one gets the value.
        with _outage_named():
            reply = self._client.getdel(self._name(kind, key))
        record = _opened(reply)
        return None if record is None else record.value

    def swap(
        self,
        kind: Kind,
        key: str,
        value: Mapping[str, Any],
        *,
        expected_version: int,
        ttl: timedelta | None = None,
    ) -> None:
        life = "" if ttl is None else _milliseconds(ttl)
        envelope = _envelope(expected_version + 1, value)
        with _outage_named():
            swapped = self._swap(keys=[self._name(kind, key)], args=[expected_version, envelope, life])
        if not swapped:
            raise StaleRecord

    def touch(
        self, kind: Kind, key: str, value: Mapping[str, Any], *, expected_version: int, ttl: timedelta
    ) -> None:
        with suppress(StaleRecord):
            self.swap(kind, key, value, expected_version=expected_version, ttl=ttl)

    def put_counted(
        self,
        kind: Kind,
        key: str,
        value: Mapping[str, Any],
        ttl: timedelta,
        *,
        counter: tuple[Kind, str],
        window: timedelta,
        most: int,
    ) -> bool:
        if self.count(*counter, window) > most:
            return False
        self.put(kind, key, value, ttl)
        return True

    def count(self, kind: Kind, key: str, ttl: timedelta) -> int:
        life = _milliseconds(ttl)
        with _outage_named():
            return int(self._count(keys=[self._name(kind, key)], args=[life]))

    def counted(self, kind: Kind, key: str) -> int:
        record = self.get(kind, key)
        return 0 if record is None else record.version

    def is_alive(self) -> bool:
        try:
            return bool(self._client.ping())
        except RedisError:
            return False

    def _name(self, kind: Kind, key: str) -> str:
        return f"{self._prefix}{kind.value}:{hashed(key)}"


def connect_redis(url: str) -> Redis:
    """Returns a client for redis://, rediss://, unix:// or redis+sentinel://host:port,host:port/service.

    It connects at its first use: `RedisStore.is_alive` says whether the server answers. Raises ValueError for another
    scheme.
    """
    scheme = url.partition(":")[0]
    if scheme not in _CONNECTIONS:
        # The message must not quote the URL: it may hold a password.
        raise ValueError(f"Redis URL: expected one of {', '.join(sorted(_CONNECTIONS))}")
    return _CONNECTIONS[scheme](url)


def _options() -> dict[str, Any]:
    # No retry: a browser is waiting, and a repeated script would count twice (facts/security §4.3, §4.6).
    return {
        "socket_timeout": _TIMEOUT_SECONDS,
        "socket_connect_timeout": _TIMEOUT_SECONDS,
        "decode_responses": True,
        "retry": Retry(NoBackoff(), 0),
    }


def _direct(url: str) -> Redis:
    return Redis.from_url(url, **_options())


def _behind_sentinel(url: str) -> Redis:
    """User and password are for the data nodes, `?sentinel_password=` for the sentinels; `?db=`: the database."""
    parts = urlsplit(url)
    service, query = parts.path.strip("/"), parse_qs(parts.query)
    if not service:
        raise ValueError("Redis Sentinel URL: the path must name the service")
    guards = {"password": query["sentinel_password"][0]} if "sentinel_password" in query else {}
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        _sentinels(parts),
        sentinel_kwargs=_options() | guards,
        **_options(),
        db=int(query.get("db", ["0"])[0]),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )
    return cast(Redis, sentinel.master_for(service))  # type: ignore[no-untyped-call]


def _sentinels(parts: SplitResult) -> list[tuple[str, int]]:
    addresses = (urlsplit(f"//{place}") for place in parts.netloc.rpartition("@")[2].split(","))
    return [(address.hostname or "localhost", address.port or 26379) for address in addresses]


_CONNECTIONS: dict[str, Callable[[str], Redis]] = {
    "redis": _direct,
    "rediss": _direct,
    "unix": _direct,
    "redis+sentinel": _behind_sentinel,
}


@contextmanager
def _outage_named() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        # Among them a full memory, a replica that refuses writes, a server still loading: the caller fails closed.
        raise StoreUnavailable(f"Redis: {type(error).__name__}") from error


def _milliseconds(ttl: timedelta) -> int:
    return checked_life(ttl) // _MILLISECOND


def _envelope(version: int, value: Mapping[str, Any]) -> str:
    return f"{version}\n{as_text(value)}"


def _opened(reply: object) -> Versioned | None:
    if reply is None:
        return None
    version, _, json_text = cast(str, reply).partition("\n")
    return Versioned(from_text(json_text or "{}"), int(version))
