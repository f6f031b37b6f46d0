"""A Redis Cluster: which of its masters has a key.

Contains the map of the slots, learnt from the nodes themselves and again whenever one says that it changed or does not
answer. Commands go one at a time and in their order: two keys may be at two nodes, and what is written before must be
there before. Not here: what is sent on a connection (`redis_connections`), which keys go together
(`redis_cluster_store`).
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import AskError, MovedError

from idp.adapters.redis_connections import Command, Connections, command
from idp.core.ephemeral import StoreUnavailable

#: Host and port.
Node = tuple[str, int]

_ASKING = command("", "ASKING")
_SLOTS = command("", "CLUSTER", "SLOTS")
#: While slots move, one redirection leads on; after a failover too.
_MOST_REDIRECTIONS = 3


class Cluster:
    """Of one process. What `Connections` is for one server."""

    def __init__(self, *, seeds: Sequence[Node], open_node: Callable[[Node], Connections]) -> None:
        """`seeds`: nodes that are asked for all the others; nothing is connected yet."""
        self._seeds = tuple(seeds)
        self._open_node = open_node
        self._nodes: dict[Node, Connections] = {}
        #: Of each slot its master; None: to be learnt.
        self._masters: tuple[Node, ...] | None = None
        self._learning = threading.Lock()
        #: The one that failed last: it is asked last what it knows of the others.
        self._doubted: Node | None = None

    def ask(self, asked: Sequence[Command], *, again: bool = False) -> list[Any]:
        """Returns the answers in their order. Raises StoreUnavailable: those before the one that failed were done.

        `again`: as of `Connections.ask`.
        """
        return [self._ask_for(one, again=again) for one in asked]

    def ask_each(self, one: Command) -> list[Any]:
        """Ask all masters. Returns their answers. Raises StoreUnavailable when one does not answer."""
        return [answer for node in set(self._known_masters()) for answer in self._at(node).ask_each(one)]

    def close(self) -> None:
        for node in tuple(self._nodes.values()):
            node.close()

    def _ask_for(self, one: Command, *, again: bool) -> Any:
        key, _packed = one
        node = self._master_of(key)
        for _ in range(_MOST_REDIRECTIONS):
            try:
                return self._at(node).ask([one], again=again)[0]
            except StoreUnavailable as error:
                refusal = error.__cause__
                if isinstance(refusal, AskError):
                    # Of this key alone, while its slot moves; the node that it points to wants to be told.
                    return self._at((refusal.host or node[0], refusal.port)).ask([_ASKING, one])[-1]
                # Moved, or a master that died and has a successor: known at the next question.
                self._masters = None
                if not isinstance(refusal, MovedError):
                    self._doubted = node
                    raise
                # Nothing was done there, so it is asked again.
                node = (refusal.host or node[0], refusal.port)
        raise StoreUnavailable("Redis Cluster: sent from node to node")

    def _at(self, node: Node) -> Connections:
        known = self._nodes.get(node)
        # Of two threads at once one keeps its own, which connected to nothing yet.
        return self._nodes.setdefault(node, self._open_node(node)) if known is None else known

    def _master_of(self, key: str) -> Node:
        return self._known_masters()[key_slot(key.encode())]

    def _known_masters(self) -> tuple[Node, ...]:
        masters = self._masters
        if masters is not None:
            return masters
        with self._learning:
            if (masters := self._masters) is None:
                masters = self._masters = self._learnt()
            return masters

    def _learnt(self) -> tuple[Node, ...]:
        """Returns the master of each slot, as the first node says that knows of all. Raises StoreUnavailable."""
        known = dict.fromkeys((*self._nodes, *self._seeds))
        for node in sorted(known, key=lambda one: one == self._doubted):
            try:
                (ranges,) = self._at(node).ask([_SLOTS], again=True)
            except StoreUnavailable:
                continue
            masters: dict[int, Node] = {}
            for first, last, (host, port, *_), *_replicas in ranges:
                # No name: that by which we reached the node that speaks.
                masters |= dict.fromkeys(range(first, last + 1), (host or node[0], port))
            if len(masters) == REDIS_CLUSTER_HASH_SLOTS:
                # Whoever is no master any more is not asked again.
                self._nodes = {one: at for one, at in self._nodes.items() if one in set(masters.values())}
                return tuple(masters[slot] for slot in range(REDIS_CLUSTER_HASH_SLOTS))
            # One that was taken out of the Cluster answers, and knows of no slot.
        raise StoreUnavailable("Redis Cluster: no node knows of every slot")
