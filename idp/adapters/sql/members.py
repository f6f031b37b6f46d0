"""Members of a key in the ephemeral store on SQL: a row each.

Contains noting, counting and dropping them. Not here: records and counters (`store`).
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.adapters.ephemeral_record import as_text, checked_life, hashed
from idp.adapters.sql.records import DELETE, PUT, ROW
from idp.adapters.sql.schema import ephemeral
from idp.adapters.sql.statement import Statement
from idp.adapters.sql.work import fetch, run_in_turn, write_later
from idp.core.clock import Clock
from idp.core.ephemeral import Kind

_c = ephemeral.c
_is_alive = _c.expires_at > sa.bindparam("now", type_=_c.expires_at.type)
_MEMBERS = Statement(
    lambda _: sa.select(sa.func.count().label("members")).where(_c.kind == sa.bindparam("kind"), _is_alive)
)


@dataclass(frozen=True, slots=True)
class SqlMembers:
    database: Engine
    clock: Clock

    def note_member(self, kind: Kind, key: str, member: str, ttl: timedelta) -> int:
        named_so = _member(kind, key, member)
        now = self.clock.now()
        living = {"value": as_text({}), "version": 0, "expires_at": now + checked_life(ttl)}
        counting = {"kind": named_so["kind"], "now": now}
        noted = (PUT, {**named_so, **living})
        found: int = run_in_turn(self.database, noted, (_MEMBERS, counting))[-1].rows[0].members
        return found

    def members(self, kind: Kind, key: str) -> int:
        of_key = _member(kind, key, "")["kind"]
        found: int = fetch(self.database, _MEMBERS, kind=of_key, now=self.clock.now())[0].members
        return found

    def drop_member(self, kind: Kind, key: str, member: str) -> None:
        write_later(self.database, DELETE, **_member(kind, key, member))


def _member(kind: Kind, key: str, member: str) -> dict[str, Any]:
    """Returns what names the row of a member: those of one key are side by side in the primary key."""
    return dict(zip(ROW, (f"{kind.value}:{hashed(key)}", hashed(member)), strict=True))
