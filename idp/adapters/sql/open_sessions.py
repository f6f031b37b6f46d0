"""`OpenSessions` on SQL: rows that are written with the sign-in, and read for one person."""

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.account import AccountId
from idp.accounts.open_sessions import ListedSession, NothingToTell, OpenSession, Origin
from idp.adapters.sql.batches import delete_some
from idp.adapters.sql.schema import ended_sessions, grants
from idp.adapters.sql.session_schema import sessions
from idp.adapters.sql.statement import Insert, Statement, parameters_of
from idp.adapters.sql.work import fetch, write

#: More than a person can have, and few enough to ask the ephemeral store for at once.
_MOST_LISTED = 100
#: People in one round of a worker; sessions in one mail.
_MOST_TOLD_AT_ONCE = 100

_c = sessions.c
_now = sa.bindparam("now", type_=_c.ends_at.type)
#: A row of the version before has the last door alone.
DOORS_OF_SESSION: "sa.ColumnElement[str]" = sa.func.coalesce(sa.func.nullif(_c.doors, ""), _c.door)
_is_theirs = _c.account_id == sa.bindparam("account_id")


def _note(insert: Insert) -> Any:
    noted = insert(sessions).values(parameters_of(sessions))
    renewed = {column.name: noted.excluded[column.name] for column in sessions.c if column.name != "sid"}
    # A second proof in the same session is nothing new, and takes nothing back of what is still to tell.
    untold = sa.func.coalesce(_c.tell_at, noted.excluded.tell_at)
    # One by which something was proved before stays one, also when that proof is too old to count.
    added = DOORS_OF_SESSION + " " + noted.excluded.doors
    doors = sa.case((is_among(noted.excluded.doors, DOORS_OF_SESSION), DOORS_OF_SESSION), else_=added)
    kept = {"tell_at": untold, "doors": doors}
    return noted.on_conflict_do_update(index_elements=[_c.sid], set_=renewed | kept)


def is_among(door: "sa.ColumnElement[str]", doors: "sa.ColumnElement[str]") -> "sa.ColumnElement[bool]":
    """Whether this door is one of those."""
    return (" " + doors + " ").contains(" " + door + " ")


def _listed(_: Insert) -> Any:
    is_ended = sa.exists().where(ended_sessions.c.sid == _c.sid)
    living = (
        sa.select(sessions)
        .where(_is_theirs, _c.ends_at > _now, ~is_ended)
        .order_by(_c.started_at.desc(), _c.sid)
        .limit(_MOST_LISTED)
        .subquery("living")
    )
    entered = sa.and_(grants.c.sid == living.c.sid, grants.c.redeemed_at.is_not(None))
    return (
        sa.select(living, grants.c.client_id)
        .select_from(living.outerjoin(grants, entered))
        .order_by(living.c.started_at.desc(), living.c.sid, grants.c.granted_at)
    )


_NOTE = Statement(_note, row=("sid",))
_LISTED = Statement(_listed)
_UNTOLD = Statement(
    lambda _: (
        sa.select(sessions)
        .where(_is_theirs, _c.tell_at.is_not(None))
        .order_by(_c.started_at, _c.sid)
        .limit(_MOST_TOLD_AT_ONCE)
    )
)
# Not `distinct`: it would look at all that wait for their mail, however many a worker that was away left.
_TO_TELL = Statement(
    lambda _: (
        sa.select(_c.account_id).where(_c.tell_at <= _now).order_by(_c.tell_at).limit(_MOST_TOLD_AT_ONCE)
    )
)


@lru_cache
def _told(number: int) -> Statement:
    named = [sa.bindparam(f"sid_{one}", type_=_c.sid.type) for one in range(number)]
    is_one = sa.and_(_c.sid.in_(named), _c.tell_at.is_not(None))
    return Statement(lambda _: sa.update(sessions).where(is_one).values(tell_at=sa.null()))


@dataclass(frozen=True, slots=True)
class SqlOpenSessions:
    database: Engine

    def note(self, session: OpenSession) -> None:
        origin = session.origin
        write(
            self.database,
            _NOTE,
            sid=session.sid,
            account_id=session.account_id,
            started_at=session.started_at,
            door=session.door,
            browser=origin.browser,
            system=origin.system,
            network=origin.network,
            is_of_house=origin.is_of_house,
            ends_at=session.ends_at,
            tell_at=session.tell_at,
            doors=session.door,
            address=origin.address,
        )

    def of(self, account_id: AccountId, now: datetime) -> Sequence[ListedSession]:
        rows = fetch(self.database, _LISTED, account_id=account_id, now=now)
        return [
            _listed_of(list(of_one)) for _sid, of_one in itertools.groupby(rows, key=lambda row: str(row.sid))
        ]

    def to_tell(self, now: datetime) -> Sequence[AccountId]:
        found = fetch(self.database, _TO_TELL, now=now)
        return [AccountId(one) for one in dict.fromkeys(row.account_id for row in found)]

    def untold(self, account_id: AccountId) -> Sequence[OpenSession]:
        return [_session_of(row) for row in fetch(self.database, _UNTOLD, account_id=account_id)]

    def told(self, sids: Collection[str]) -> None:
        values = {f"sid_{number}": sid for number, sid in enumerate(sids)}
        write(self.database, _told(len(values)), refusal=NothingToTell(), **values)

    def purge(self, ended_before: datetime) -> int:
        """Delete some rows of sessions that are over, once they are told. Returns how many: 0 when none is left."""
        return delete_some(self.database, _c.ends_at, ended_before, _c.tell_at.is_(None))


def _listed_of(rows: Sequence[Any]) -> ListedSession:
    """`rows`: one for each grant of a session, one if there is none."""
    applications = dict.fromkeys(row.client_id for row in rows if row.client_id is not None)
    return ListedSession(_session_of(rows[0]), tuple(applications))


def _session_of(row: Any) -> OpenSession:
    return OpenSession(
        sid=row.sid,
        account_id=AccountId(row.account_id),
        started_at=row.started_at,
        door=row.door,
        origin=Origin(
            browser=row.browser,
            system=row.system,
            network=row.network,
            is_of_house=row.is_of_house,
            address=row.address,
        ),
        ends_at=row.ends_at,
        tell_at=row.tell_at,
    )
