"""Port to what one request reads and writes (docs/adr/0034).

Contains the two blocks that a caller opens: around a request, and around what belongs together. The repositories know
the block that they are called in: it changes none of their signatures. Not here: a store.
"""

from contextlib import AbstractContextManager
from typing import Protocol


class UnitOfWork(Protocol):
    def request(self) -> AbstractContextManager[None]:
        """One request: what it read is remembered until it writes, and what may wait is written before its answer, or
        not at all if the store is down then."""

    def together(self) -> AbstractContextManager[None]:
        """What is written within is committed together, on leaving: facts, audit events, mails.

        Nothing of it is written when an exception leaves the block, or when the condition of one of the writes does not
        hold: its own exception is raised then, some only on leaving. Reads within find what was there before. What an
        ephemeral store on another server has to write goes before the commit, and may be there without it: a record
        that nobody was given, until it expires. A block within a block is part of the outer one. Raises
        StoreUnavailable, on leaving: nothing was committed, or, if the connection broke in the commit itself, all of it
        may have been.
        """

    def as_one_step(self) -> AbstractContextManager[None]:
        """As `together`; what the durable store counts, takes and swaps within is part of it too, and reads find it.

        For what decides nothing before it is committed. It begins with the block: on SQLite the others wait to write.
        """
