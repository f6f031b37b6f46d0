"""Whether a Redis keeps its records over a restart. Not here: what is done about it, what a full one drops
(`redis_eviction`)."""

import re
from contextlib import closing
from enum import StrEnum
from typing import Any

from redis.exceptions import NoPermissionError

from idp.adapters.redis_cluster import Cluster
from idp.adapters.redis_connections import Connections, command
from idp.adapters.redis_urls import connect
from idp.core.ephemeral import StoreUnavailable


class Kept(StrEnum):
    """What a restart of the server leaves, the worst first."""

    NOTHING = "nothing"
    #: It should write, and could not the last time.
    FAILING = "failing"
    #: We have not the right to ask (`+info`, `+config|get`).
    UNKNOWN = "unknown"
    SNAPSHOTS = "snapshots"
    EVERYTHING = "everything"


_FAILS = re.compile(
    r"^(?:aof_last_write_status|aof_last_bgrewrite_status|rdb_last_bgsave_status):err", re.MULTILINE
)
_APPENDS = re.compile(r"^aof_enabled:1", re.MULTILINE)


def kept_by_restart(url: str) -> Kept:
    """Returns what the worst of its servers keeps. Raises StoreUnavailable."""
    with closing(connect(url)) as server:
        told = _asked(server, "INFO", "persistence")
        if told is None:
            return Kept.UNKNOWN
        saves = _asked(server, "CONFIG", "GET", "save")
        intervals: list[Any] = [None] * len(told) if saves is None else saves
        return min(map(_kept, told, intervals), key=list(Kept).index)


def _asked(server: Connections | Cluster, *words: str) -> list[Any] | None:
    """Returns the answer of each server, None where we may not ask."""
    try:
        return server.ask_each(command("", *words))
    except StoreUnavailable as error:
        if isinstance(error.__cause__, NoPermissionError):
            return None
        raise


def _kept(told: str, save: list[str] | None) -> Kept:
    """`save`: name and value of that setting."""
    if _FAILS.search(told):
        return Kept.FAILING
    if _APPENDS.search(told):
        return Kept.EVERYTHING
    if save is None:
        return Kept.UNKNOWN
    return Kept.SNAPSHOTS if any(save[1:]) else Kept.NOTHING
