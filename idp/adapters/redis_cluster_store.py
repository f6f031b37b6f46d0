"""`EphemeralStore` on a Redis Cluster: as `redis_store`, where two keys may be at two nodes.

Contains which keys stay together (a `{family}` in their names), and in several steps what one server does in one. Not
here: which node has a key (`redis_cluster`).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from idp.adapters.redis_connections import command
from idp.adapters.redis_store import RedisStore, opened
from idp.core.ephemeral import Kind, Limited, Place, Put, Versioned

#: Kinds whose name begins so have one slot, since counters of theirs are counted together: all or none.
FAMILIES = ("mail", "password")


class RedisClusterStore(RedisStore):
    def get_all(self, places: Sequence[Place]) -> Sequence[Versioned | None]:
        """One after the other: no caller needs them of one instant, and each is decided on again when it is written."""
        names = [self._name(*place) for place in places]
        found = [self._ask(name, "GET", name, again=True) for name in names]
        return [None if record is None else opened(record) for record in found]

    def put_counted(
        self, kind: Kind, key: str, value: Mapping[str, Any], ttl: timedelta, *, counter: Limited
    ) -> bool:
        """Counted first: what is counted and then not written was one too many, never one too few."""
        kind_of_counter, of = counter.place
        put = self._put(Put(kind, key, value, ttl))
        if self.count(kind_of_counter, of, counter.window) > counter.most:
            return False
        self._send([put])
        return True

    def clear(self, places: Sequence[Place]) -> None:
        for place in places:
            name = self._written(*place)
            self._write(command(name, "DEL", name))

    def _name(self, kind: Kind, key: str) -> str:
        name = super()._name(kind, key)
        family = kind.value.partition("_")[0]
        return f"{self._prefix}{{{family}}}:{name.removeprefix(self._prefix)}" if family in FAMILIES else name
