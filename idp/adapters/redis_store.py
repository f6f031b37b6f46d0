"""`EphemeralStore` on Redis.

Contains one key per record, `caducee:1:<kind>:<sha256>`, which holds `<version>\\n<json>`; a counter is the version
alone, for INCR. Every operation is one command or one script, in one round trip; what may wait goes along with the
next. Not here: anything that must survive: Redis may lose an acknowledged write in a failover (docs/adr/0002).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

from idp.adapters.ephemeral_record import as_text, checked_life, from_text, hashed
from idp.adapters.redis_connections import Command, command
from idp.adapters.redis_scripts import COUNT, COUNT_ALL, MEMBERS, NOTE_MEMBER, PUT_COUNTED, SWAP
from idp.adapters.unit import forget, forget_all, present_request, present_unit, remember, remembered
from idp.core.ephemeral import Kind, Limited, Place, Put, StaleRecord, StoreUnavailable, Versioned

_MILLISECOND = timedelta(milliseconds=1)


class Server(Protocol):
    """`Connections` of one server, or of a Cluster."""

    def ask(self, asked: Sequence[Command], *, again: bool = False) -> list[Any]: ...

    def ask_each(self, one: Command) -> list[Any]: ...

    def close(self) -> None: ...


class RedisStore:
    def __init__(self, server: Server, prefix: str = "caducee:1:") -> None:
        self._server = server
        self._prefix = prefix

    def put(self, kind: Kind, key: str, value: Mapping[str, Any], ttl: timedelta) -> None:
        self._write(self._put(Put(kind, key, value, ttl)))

    def add(
        self, kind: Kind, key: str, value: Mapping[str, Any], ttl: timedelta, *, after: Put | None = None
    ) -> bool:
        name, life = self._written(kind, key), _milliseconds(ttl)
        added = command(name, "SET", name, _envelope(0, value), "PX", life, "NX")
        is_added = self._send([*self._before(after), added]) is not None
        if not is_added:
            forget_all()
        return is_added

    def get(self, kind: Kind, key: str) -> Versioned | None:
        name = self._name(kind, key)
        record = remembered((self, name))
        if record is None:
            record = self._ask(name, "GET", name, again=True)
            if record is None:
                return None
            # As text: a caller that changes what it got changes nothing here.
            remember((self, name), record)
        return opened(record) if record else None

    def foresee(self, kind: Kind, key: str) -> None:
        request = present_request()
        if request is not None:
            request.put_off(self._leave, self._name(kind, key))

    def get_all(self, places: Sequence[Place]) -> Sequence[Versioned | None]:
        names = [self._name(*place) for place in places]
        found = self._ask(names[0], "MGET", *names, again=True)
        return [None if record is None else opened(record) for record in found]

    def take(self, kind: Kind, key: str, *, after: Put | None = None) -> Mapping[str, Any] | None:
        # GETDEL is atomic: of several callers, one gets the value.
        name = self._written(kind, key)
        record = self._send([*self._before(after), command(name, "GETDEL", name)])
        return None if record is None else opened(record).value

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
        name = self._written(kind, key)
        if not self._ask(name, "EVAL", SWAP, 1, name, expected_version, envelope, life):
            forget_all()
            raise StaleRecord

    def touch(
        self, kind: Kind, key: str, value: Mapping[str, Any], *, expected_version: int, ttl: timedelta
    ) -> None:
        name, envelope = self._name(kind, key), _envelope(expected_version + 1, value)
        swap = command(name, "EVAL", SWAP, 1, name, expected_version, envelope, _milliseconds(ttl))
        if (unit := present_unit()) is not None:
            unit.put_ahead(self._send, swap)
        elif (request := present_request()) is not None:
            self._expect(name, envelope, expected_version)
            request.put_off(self._send, swap)
        else:
            self._send([swap])

    def put_counted(
        self, kind: Kind, key: str, value: Mapping[str, Any], ttl: timedelta, *, counter: Limited
    ) -> bool:
        names = (self._written(*counter.place), self._written(kind, key))
        given = (_milliseconds(counter.window), counter.most, _envelope(0, value), _milliseconds(ttl))
        return bool(self._ask(names[0], "EVAL", PUT_COUNTED, 2, *names, *given))

    def count(self, kind: Kind, key: str, ttl: timedelta) -> int:
        name = self._written(kind, key)
        return int(self._ask(name, "EVAL", COUNT, 1, name, _milliseconds(ttl)))

    def count_all(self, counters: Sequence[Limited]) -> Sequence[int]:
        names = [self._written(*counter.place) for counter in counters]
        given = [number for one in counters for number in (one.most, _milliseconds(one.window))]
        return [int(count) for count in self._ask(names[0], "EVAL", COUNT_ALL, len(names), *names, *given)]

    def count_or_refuse(self, *counters: tuple[Limited, Exception]) -> None:
        counts = self.count_all([counter for counter, _refusal in counters])
        for (counter, refusal), count in zip(counters, counts, strict=True):
            if count > counter.most:
                raise refusal

    def counted(self, kind: Kind, key: str) -> int:
        # Never remembered: others count meanwhile.
        name = self._name(kind, key)
        record = self._ask(name, "GET", name, again=True)
        return 0 if record is None else _version(record)

    def note_member(self, kind: Kind, key: str, member: str, ttl: timedelta) -> int:
        name = self._name(kind, key)
        return int(self._ask(name, "EVAL", NOTE_MEMBER, 1, name, hashed(member), _milliseconds(ttl)))

    def members(self, kind: Kind, key: str) -> int:
        name = self._name(kind, key)
        return int(self._ask(name, "EVAL", MEMBERS, 1, name, again=True))

    def drop_member(self, kind: Kind, key: str, member: str) -> None:
        name = self._name(kind, key)
        dropped, request = command(name, "ZREM", name, hashed(member)), present_request()
        if request is None or present_unit() is not None:
            self._write(dropped)
        else:
            request.put_off(self._send, dropped)

    def clear(self, places: Sequence[Place]) -> None:
        names = [self._written(*place) for place in places]
        self._write(command(names[0], "DEL", *names))

    def time(self) -> tuple[int, int]:
        """Returns the time of the server, in a Cluster of one of them: seconds since 1970, and microseconds. Raises
        StoreUnavailable, also where our user may not ask."""
        seconds, microseconds = self._server.ask_each(command("", "TIME"))[0]
        return int(seconds), int(microseconds)

    def is_alive(self) -> bool:
        try:
            return bool(self._server.ask_each(command("", "PING")))
        except StoreUnavailable:
            return False

    def close(self) -> None:
        self._server.close()

    def _put(self, put: Put) -> Command:
        name, life = self._written(put.kind, put.key), _milliseconds(put.ttl)
        return command(name, "SET", name, _envelope(0, put.value), "PX", life)

    def _before(self, put: Put | None) -> Sequence[Command]:
        # One write: the server does it in this order, and no answer is waited for in between.
        return () if put is None else (self._put(put),)

    def _write(self, written: Command) -> None:
        unit = present_unit()
        if unit is None:
            self._send([written])
        else:
            unit.put_ahead(self._send, written)

    def _ask(self, key: str, *parts: str | int, again: bool = False) -> Any:
        return self._send([command(key, *parts)], again=again)

    def _send(self, commands: Sequence[Command], *, again: bool = False) -> Any:
        """Write what waits and these, at once and in this order. Returns the answer to the last."""
        request = present_request()
        if request is None or not request.waiting:
            return self._server.ask(commands, again=again)[-1]
        foreseen, waiting = request.taken_along(self._leave), request.taken_along(self._send)
        looks = [command(name, "GET", name) for name in foreseen]
        answers = self._server.ask([*looks, *waiting, *commands], again=again and not waiting)
        for name, record in zip(foreseen, answers, strict=False):
            # An empty text: it is known that there is none.
            remember((self, name), record or "")
        return answers[-1]

    def _leave(self, _foreseen: Sequence[str]) -> None:
        """The request ends, and nobody asked for it."""

    def _written(self, kind: Kind, key: str) -> str:
        """Returns the name of what is written now: what was read under it is no longer so."""
        name = self._name(kind, key)
        forget((self, name))
        return name

    def _expect(self, name: str, envelope: str, expected_version: int) -> None:
        """This request reads what it touched as if it were written; a race lost meanwhile shows at its next write."""
        known = remembered((self, name))
        if known and _version(known) == expected_version:
            remember((self, name), envelope)
        else:
            forget((self, name))

    def _name(self, kind: Kind, key: str) -> str:
        return f"{self._prefix}{kind.value}:{hashed(key)}"


def _milliseconds(ttl: timedelta) -> int:
    return checked_life(ttl) // _MILLISECOND


def _envelope(version: int, value: Mapping[str, Any]) -> str:
    return f"{version}\n{as_text(value)}"


def opened(record: str) -> Versioned:
    head, end, _ = record.partition("\n")
    return Versioned(from_text(record, len(head) + 1) if end else {}, int(head))


def _version(record: str) -> int:
    return int(record.partition("\n")[0])
