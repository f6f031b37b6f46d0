"""Whether a Redis that is full drops records of ours. Not here: what is done about it."""

import re
from contextlib import closing

from redis.exceptions import NoPermissionError

from idp.adapters.redis_connections import command
from idp.adapters.redis_urls import connect
from idp.core.ephemeral import StoreUnavailable

_POLICY = re.compile(r"^maxmemory_policy:(\S+)", re.MULTILINE)
_KEEPS_ALL = "noeviction"


def evicting(url: str) -> str | None:
    """Returns the policy by which one of its servers does; None: none does, or we have not the right to ask (`+info`).

    Raises StoreUnavailable.
    """
    with closing(connect(url)) as server:
        try:
            told = server.ask_each(command("", "INFO", "memory"))
        except StoreUnavailable as error:
            if isinstance(error.__cause__, NoPermissionError):
                return None
            raise
    policies = {match[1] for text in told if (match := _POLICY.search(text))}
    return next(iter(policies - {_KEEPS_ALL}), None)
