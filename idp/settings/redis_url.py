"""What `REDIS` may be. Not here: how its servers are reached (`adapters/redis_urls`)."""

import re
from typing import Any
from urllib.parse import parse_qs

from idp.settings.addresses import ENCODED, has_bad_place, is_cut_by_password, is_on_loopback, places
from idp.settings.faults import Rule

_DIRECT = ("redis", "rediss")
_SENTINEL = ("redis+sentinel", "rediss+sentinel")
_CLUSTER = ("redis+cluster", "rediss+cluster")
_STORES = (*_DIRECT, "unix", *_SENTINEL, *_CLUSTER)
_NUMBER = re.compile("[0-9]{1,9}")


def _scheme(url: str) -> str:
    return url.partition("://")[0]


def _query(url: str) -> dict[str, list[str]]:
    return parse_qs(url.partition("?")[2], keep_blank_values=True)


def _numbers(url: str) -> list[str]:
    """Returns what stands where a URL numbers its database: `?db=`, and a path that is no socket or service."""
    path = url.partition("://")[2].partition("?")[0]
    in_path = [path.partition("/")[2]] if _scheme(url) in (*_DIRECT, *_CLUSTER) else []
    return [text for text in (*in_path, *_query(url).get("db", [])) if text]


def _is_elsewhere(url: str) -> bool:
    is_remote = _scheme(url) in _STORES and _scheme(url) != "unix"
    return is_remote and not all(is_on_loopback(f"redis://{place}") for place in places(url))


def _has_password(url: str) -> bool:
    """Or the certificate of a client, which is more."""
    user = url.partition("://")[2].rpartition("@")[0]
    query = _query(url)
    return bool(
        user.partition(":")[2] or any(query.get("password", [])) or any(query.get("ssl_certfile", []))
    )


REDIS_RULES: tuple[Rule[Any], ...] = (
    Rule(
        names="REDIS",
        expected="redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://, or empty for the SQL database",
        is_broken=lambda s: bool(s.redis) and (_scheme(s.redis) not in _STORES or "://" not in s.redis),
        it_is="of another scheme",
    ),
    Rule(
        names="REDIS",
        expected=ENCODED,
        is_broken=lambda s: is_cut_by_password(s.redis),
        it_is="one with such a sign as it is",
    ),
    Rule(
        names="REDIS",
        expected="redis://user:password@host:port/number",
        is_broken=lambda s: has_bad_place(s.redis),
        it_is="one with a host or a port that none can be",
    ),
    Rule(
        names="REDIS",
        expected="the number of a database in decimal digits, in the path or as ?db=",
        is_broken=lambda s: not all(map(_NUMBER.fullmatch, _numbers(s.redis))),
        it_is="one with another name for its database",
    ),
    Rule(
        names="REDIS",
        expected="redis+sentinel://host:port,host:port/service",
        is_broken=lambda s: (
            _scheme(s.redis) in _SENTINEL and not s.redis.partition("://")[2].partition("/")[2].strip("/")
        ),
        it_is="one that names no service",
    ),
    Rule(
        names="REDIS",
        expected="the database 0, the only one of a Cluster",
        is_broken=lambda s: (
            _scheme(s.redis) in _CLUSTER and any(number.strip("0") for number in _numbers(s.redis))
        ),
        it_is="one with another",
    ),
    Rule(
        names="REDIS",
        expected="a password, as in redis://user:password@host:port/number, for a server on another machine: who "
        "reaches it reads and makes sessions (`requirepass`, or `ACL SETUSER`)",
        is_broken=lambda s: _is_elsewhere(s.redis) and not _has_password(s.redis),
        it_is="without one",
    ),
    Rule(
        names="REDIS",
        expected="TLS whose certificate is verified: without ssl_cert_reqs and ssl_check_hostname, with "
        "?ssl_ca_certs=/path where the authority is your own",
        is_broken=lambda s: bool({"ssl_cert_reqs", "ssl_check_hostname"} & _query(s.redis).keys()),
        it_is="one that has them",
    ),
)
