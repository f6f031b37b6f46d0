"""The one writer of a SQLite database in this process.

Contains who writes: one thread at a time, which commits what the others that wait have to write together with its own,
so that they share one wait for the disk. Not here: SQL.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from idp.core.ephemeral import StoreUnavailable

#: SQL 2.5 s (facts/security §4.6), and as much again for those who came before.
_PATIENCE_SECONDS = 5.0


@dataclass(slots=True, eq=False)
class Batch:
    """What one caller has to write. Either `outcome` or `error` is set once it `is_done`."""

    work: Any
    is_done: bool = False
    outcome: Any = None
    error: BaseException | None = None


@dataclass(slots=True)
class GroupCommit:
    """The turns to write to one database."""

    _turn: Any = field(default_factory=threading.RLock)
    _mutex: Any = field(default_factory=threading.Lock)
    _waiting: deque[Batch] = field(default_factory=deque)

    def write(self, work: Any, commit: Callable[[Sequence[Batch]], None]) -> Any:
        """Returns the outcome after the commit. Raises what `commit` set or raised, StoreUnavailable.

        `commit`: the same of every caller; writes all batches in one transaction, and sets what became of each. When it
        raises, none was written.
        """
        batch = Batch(work)
        with self._mutex:
            self._waiting.append(batch)
        with self.alone(batch):
            if not batch.is_done:
                self._write_waiting(commit)
        if batch.error is not None:
            raise batch.error
        return batch.outcome

    @contextmanager
    def alone(self, batch: Batch | None = None) -> Iterator[None]:
        """The turn to write. Raises StoreUnavailable: it did not come in time, and nothing of `batch` was written."""
        if not self._turn.acquire(timeout=_PATIENCE_SECONDS):
            if batch is None or self._is_withdrawn(batch):
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

    def _write_waiting(self, commit: Callable[[Sequence[Batch]], None]) -> None:
        with self._mutex:
            batches = list(self._waiting)
            self._waiting.clear()
        try:
            commit(batches)
        except BaseException as error:
            for batch in batches:
                batch.error = error
        for batch in batches:
            batch.is_done = True
