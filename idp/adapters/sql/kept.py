"""The connections on which statements run that are transactions of their own, kept between two of them.

Contains taking one and keeping it. SQLAlchemy's pool owns them all; a loan of its costs ten times what is done here
(docs/performance.md). Not here: a transaction (`database`), what is run (`commits`).
"""

import os
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, PoolProxiedConnection

from idp.adapters.sql.execution import ConnectionBroken

#: Execution option of a database: the `Kept` of it.
KEPT = "caducee_kept"


class Kept:
    """Of one database in this process: as many as its threads use at once."""

    def __init__(self, is_usable: Callable[[PoolProxiedConnection], bool]) -> None:
        """`is_usable`: asked before each use, without a question to the server."""
        self._is_usable = is_usable
        self._idle: list[PoolProxiedConnection] = []
        self._process = os.getpid()

    def use(self, database: Engine, run: Callable[..., Any], *given: Any) -> Any:
        """Returns what `run(connection, *given)` does. No transaction is open before it, nor after it.

        Raises what it raises, and what the pool does.
        """
        raw = self._usable() or database.raw_connection()
        try:
            result = run(raw, *given)
        except ConnectionBroken:
            raw.invalidate()
            raise
        except BaseException:
            raw.close()
            raise
        self._idle.append(raw)
        return result

    def give_one_back(self) -> None:
        """To the pool, for one who is about to ask it: there are never more connections than users."""
        if (raw := self._usable()) is not None:
            raw.close()

    def leave(self) -> None:
        """Close them; after a fork they are left to the parent."""
        idle, self._idle = self._idle, []
        if self._process == os.getpid():
            for raw in idle:
                raw.invalidate()
        self._process = os.getpid()

    def _usable(self) -> PoolProxiedConnection | None:
        # The last one used again, without a lock: `pop` is one step, whatever the other threads do.
        while True:
            try:
                raw = self._idle.pop()
            except IndexError:
                return None
            if self._is_usable(raw):
                return raw
            raw.invalidate()


def kept_by(database: Engine) -> Kept:
    kept: Kept = database.get_execution_options()[KEPT]
    return kept
