"""The end of very many sessions at once, in one transaction of a few statements, however many there are.

Contains which sessions meet the criteria of an incident, and their end: as a sign-out's, for each. Not here: the
records in the ephemeral store, which open nothing any more (docs/adr/0050).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Engine

from idp.accounts.account import AccountId
from idp.accounts.incident import Criteria, Reach, kept_between
from idp.accounts.logouts import NoticeState
from idp.adapters.sql.backends import allow_time
from idp.adapters.sql.database import insert_into, reading, writing
from idp.adapters.sql.open_sessions import DOORS_OF_SESSION, is_among
from idp.adapters.sql.schema import ended_sessions, grants, logout_notices, refresh_tokens
from idp.adapters.sql.session_schema import sessions

_g, _s = grants.c, sessions.c
#: Of one statement, on PostgreSQL: nobody waits for an answer, and a limit of seconds is for those who do.
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class SqlIncidents:
    database: Engine

    def reach(self, criteria: Criteria, now: datetime, listeners: Collection[str]) -> Reach:
        """Returns how much `end` would end at this moment."""
        with reading(self.database) as connection:
            allow_time(connection, _LONGEST)
            chosen = _chosen(criteria, now).cte("chosen")
            sids = sa.select(chosen.c.sid)
            open_grants = sa.and_(_g.sid.in_(sids), _g.revoked_at.is_(None))
            told = _told(sids, listeners).subquery("told")
            token = refresh_tokens.c
            is_living = sa.and_(token.idle_until > now, token.ends_at > now)
            refreshing = refresh_tokens.join(grants, _g.id == token.grant_id)
            numbers: Mapping[str, Any] = {
                "sessions": _number(chosen),
                "living": _number(sessions, _s.sid.in_(sids), _s.ends_at > now),
                "people": sa.select(sa.func.count(chosen.c.account_id.distinct())).scalar_subquery(),
                "grants": _number(grants, open_grants),
                "refresh_tokens": _number(refreshing, open_grants, is_living),
                "notices": _number(told),
                "listeners": sa.select(sa.func.count(told.c.client_id.distinct())).scalar_subquery(),
            }
            row = connection.execute(sa.select(*(one.label(name) for name, one in numbers.items()))).one()
        return Reach(**row._mapping)

    def end(
        self, criteria: Criteria, now: datetime, listeners: Collection[str]
    ) -> tuple[Sequence[str], Sequence[AccountId]]:
        """End them, with the present unit of work. Returns each session that had not ended, and their people.

        What another session ended at the same instant leaves behind is ended here too.
        """
        with writing(self.database) as connection:
            allow_time(connection, _LONGEST)
            # In the order of their names, as every other end of several: two of them cannot wait for each other.
            chosen = _chosen(criteria, now).subquery("chosen")
            ends = sa.select(chosen.c.sid, _instant(now)).order_by(chosen.c.sid)
            ended = (
                insert_into(connection, ended_sessions)
                .from_select(["sid", "ended_at"], _with_where(ends))
                .on_conflict_do_nothing()
                .returning(ended_sessions.c.sid)
            )
            sids = connection.execute(ended).scalars().all()
            these = sa.select(ended_sessions.c.sid).where(ended_sessions.c.ended_at == now)
            open_grants = (_g.sid.in_(these), _g.revoked_at.is_(None))
            connection.execute(sa.update(grants).where(*open_grants).values(revoked_at=now))
            _queue(connection, these, now, listeners)
            people = connection.execute(_people_of(these)).scalars().all()
        return sids, [AccountId(one) for one in people]


def _chosen(criteria: Criteria, now: datetime) -> "sa.Select[Any] | sa.CompoundSelect[Any]":
    """Returns the SELECT of `sid` and `account_id`: sessions that are not over, and those that a grant names."""
    of_grant = [_is_not_ended(_g.sid)]
    if criteria.client_id is not None:
        of_grant.append(_g.client_id == criteria.client_id)
    if criteria.since is not None:
        of_grant.append(_g.granted_at >= criteria.since)
    granted = sa.select(_g.sid, _g.account_id).where(*of_grant)
    listed = sa.select(_s.sid, _s.account_id).where(*_of_row(criteria, now, granted))
    if criteria.door is not None or criteria.network is not None:
        # Only the row knows these.
        return listed
    # As in every end of all: relying parties' own sessions outlive ours.
    return sa.union(listed, granted)


def _of_row(criteria: Criteria, now: datetime, granted: "sa.Select[Any]") -> Sequence[ColumnElement[bool]]:
    entered = _s.sid.in_(granted.with_only_columns(_g.sid))
    conditions = [_s.ends_at > now, _is_not_ended(_s.sid)]
    if criteria.client_id is not None:
        conditions.append(entered)
    elif criteria.since is not None:
        conditions.append(sa.or_(_s.started_at >= criteria.since, entered))
    if criteria.door is not None:
        conditions.append(is_among(sa.literal(criteria.door), DOORS_OF_SESSION))
    if criteria.network is not None:
        conditions.append(_s.address.between(*kept_between(criteria.network)))
    return conditions


def _is_not_ended(sid: ColumnElement[str]) -> ColumnElement[bool]:
    return ~sa.exists().where(ended_sessions.c.sid == sid)


def _queue(
    connection: Connection, these: "sa.Select[Any]", now: datetime, listeners: Collection[str]
) -> None:
    told = _told(these, listeners).subquery("told")
    values: Mapping[str, ColumnElement[Any]] = {
        "sid": told.c.sid,
        "client_id": told.c.client_id,
        "account_id": told.c.account_id,
        "ended_at": _instant(now),
        "not_before": _instant(now),
        "state": sa.literal(str(NoticeState.WAITING)),
        "deliveries": sa.literal(0),
        "attempts": sa.literal(0),
    }
    due = insert_into(connection, logout_notices).from_select(
        list(values), _with_where(sa.select(*values.values()))
    )
    connection.execute(due.on_conflict_do_nothing())


def _told(sids: "sa.Select[Any]", listeners: Collection[str]) -> "sa.Select[Any]":
    """One for each session and application that it signed in to, and that is told."""
    is_told = (_g.sid.in_(sids), _g.redeemed_at.is_not(None), _g.client_id.in_(sorted(listeners)))
    return sa.select(_g.sid, _g.client_id, _g.account_id).where(*is_told).distinct()


def _people_of(sids: "sa.Select[Any]") -> "sa.CompoundSelect[Any]":
    of_grants = sa.select(_g.account_id).where(_g.sid.in_(sids))
    return sa.union(of_grants, sa.select(_s.account_id).where(_s.sid.in_(sids))).order_by("account_id")


def _number(source: "sa.FromClause", *which: ColumnElement[bool]) -> Any:
    return sa.select(sa.func.count()).select_from(source).where(*which).scalar_subquery()


def _instant(now: datetime) -> ColumnElement[Any]:
    return sa.literal(now, ended_sessions.c.ended_at.type)


def _with_where(select: "sa.Select[Any]") -> "sa.Select[Any]":
    # SQLite takes ON CONFLICT after a SELECT without WHERE for a join.
    return select.where(sa.true())
