"""The one writer of a SQLite database in this process.

Contains who writes: one thread at a time, which commits what the others that wait have to write together with its own,
so that they share one wait for the disk. Not here: SQL.
"""

import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine

from idp.core.ephemeral import StoreUnavailable

#: SQL 2.5 s (facts/security §4.6), and as much again for those who came before.
_PATIENCE_SECONDS = 5.0


@dataclass(slots=True, eq=False, kw_only=True)
class Batch:
    """What one caller has to write. Either `outcome` or `error` is set once it `is_done`."""

    work: Any
    is_done: bool = False
    outcome: Any = None
    error: BaseException | None = None


Commit = Callable[[Sequence[Batch]], None]

_turns: "weakref.WeakKeyDictionary[Engine, GroupCommit]" = weakref.WeakKeyDictionary()


def turns_of(database: Engine) -> "GroupCommit":
    """Returns who writes next to this SQLite database, among the threads of this process."""
    return _turns.get(database) or _turns.setdefault(database, GroupCommit())


@dataclass(slots=True, kw_only=True)
class GroupCommit:
    """The turns to write to one database."""

    patience_seconds: float = _PATIENCE_SECONDS
    _turn: Any = field(default_factory=threading.RLock)
    _mutex: Any = field(default_factory=threading.Lock)
    _waiting: deque[Batch] = field(default_factory=deque)

    def write(self, work: Any, commit: Commit) -> Any:
        """Returns the outcome after the commit. Raises what `commit` set or raised, StoreUnavailable.

        `commit`: the same of every caller; writes all batches in one transaction, and sets what became of each. When it
        raises, none was written.
        """
        batch = Batch(work=work)
        with self._mutex:
            self._waiting.append(batch)
        with self._turn_for(batch):
            if not batch.is_done:
                self._write_waiting(batch, commit)
        if batch.error is not None:
            raise batch.error
        return batch.outcome

    @contextmanager
    def alone(self) -> Iterator[None]:
        """The turn to write. Raises StoreUnavailable: it did not come in time."""
        if not self._turn.acquire(timeout=self.patience_seconds):
            raise StoreUnavailable("no turn to write in time")
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def _turn_for(self, batch: Batch) -> Iterator[None]:
        """Raises StoreUnavailable: it did not come in time, and nothing of the batch is written."""
        if not self._turn.acquire(timeout=self.patience_seconds):
            if self._is_withdrawn(batch):
                raise StoreUnavailable("no turn to write in time")
            # Another thread has it in its transaction, which ends by its own limits.
            self._turn.acquire()
        try:
            yield
        finally:
            self._turn.release()

    def _is_withdrawn(self, batch: Batch) -> bool:
        with self._mutex:
            if batch not in self._waiting:
                return False
            self._waiting.remove(batch)
            return True

    def _write_waiting(self, own: Batch, commit: Commit) -> None:
        """Raises what `commit` raised, to the caller whose turn it is; the others are told that it failed."""
        with self._mutex:
            batches = list(self._waiting)
            self._waiting.clear()
        try:
            commit(batches)
        except BaseException as error:
            for batch in batches:
                batch.error = StoreUnavailable(
                    f"the commit shared with others failed: {type(error).__name__}"
                )
            own.error = None
            raise
        finally:
            for batch in batches:
                batch.is_done = True


# Another thread of the parent may hold a turn, and will never give it back here.
os.register_at_fork(after_in_child=_turns.clear)
