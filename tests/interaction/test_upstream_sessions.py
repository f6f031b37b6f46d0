"""Which of our sessions came from which of theirs: many, other tabs in between, none forgotten, none later."""

import dataclasses
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import cast

import pytest

from idp.accounts.grants import EndedSession, GrantRepository
from idp.core.ephemeral import Kind, StoreUnavailable
from idp.interaction.session import Session
from idp.interaction.sessions import Sessions
from idp.interaction.sign_out import SignOut
from idp.interaction.upstream_sessions import UpstreamOver, close_upstream, remember_upstream
from tests.fakes import NOON, FixedClock, MemoryStore, RecordingAudit, WorkAtOnce
from tests.people import ALICE, an_event

LIFE = timedelta(hours=4)


def a_session(sid: str, *upstream: str) -> Session:
    events = tuple(dataclasses.replace(an_event("psc"), upstream_sid=one) for one in upstream)
    return Session(
        sid=sid, account_id=ALICE, events=(*events, an_event("cps")), started_at=NOON, last_seen_at=NOON
    )


def closed(store: MemoryStore, upstream_sid: str) -> list[str]:
    return [one.sid for one in close_upstream(store, upstream_sid, LIFE)]


def test_sessions_of_one_upstream_session_are_all_given_as_often_as_asked() -> None:
    store = MemoryStore(FixedClock())
    for sid in ("a", "b", "a"):
        remember_upstream(store, a_session(sid, "theirs"), LIFE)
    remember_upstream(store, a_session("c", "other"), LIFE)
    assert closed(store, "theirs") == ["a", "b"]
    assert closed(store, "theirs") == ["a", "b"]
    assert closed(store, "other") == ["c"]
    assert closed(store, "never seen") == []


def test_session_of_another_door_is_not_remembered() -> None:
    store = MemoryStore(FixedClock())
    remember_upstream(store, a_session("a"), LIFE)
    assert store.records == {}


def test_only_the_newest_fifty_are_kept_and_they_die_with_the_session() -> None:
    store = MemoryStore(FixedClock())
    for number in range(60):
        remember_upstream(store, a_session(str(number), "theirs"), LIFE)
    kept = [one for (kind, _), one in store.records.items() if kind is Kind.UPSTREAM_SESSION]
    assert {record.dies_at for record in kept} == {NOON + LIFE}
    assert closed(store, "theirs") == [str(number) for number in range(10, 60)]


def test_session_that_comes_after_the_end_of_theirs_is_none() -> None:
    """The person signs out there while they read our charter."""
    clock = FixedClock()
    store = MemoryStore(clock)
    sessions = Sessions(store=store, life=LIFE, idle=timedelta(minutes=30), shared_idle=timedelta(minutes=5))
    closed(store, "theirs")
    with pytest.raises(UpstreamOver):
        sessions.start(a_session("late", "theirs"), clock.now())
    assert store.get(Kind.SESSION, "late") is None
    assert sessions.open(sessions.start(a_session("other", "another"), clock.now()), clock.now())


class FailingOnce:
    """Grants on a database that is away for a moment."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.is_away = True

    def sessions_from(self, upstream_sid: str) -> Collection[str]:
        return ()

    def end_session(self, sid: str, now: datetime, listeners: Collection[str]) -> EndedSession:
        if self.is_away:
            self.is_away = False
            raise StoreUnavailable("away")
        self.ended.append(sid)
        return EndedSession(account_id=ALICE, clients=frozenset(), is_first=True)


def test_end_that_failed_on_the_way_ends_everything_when_it_is_asked_for_again() -> None:
    clock = FixedClock()
    store, grants = MemoryStore(clock), FailingOnce()
    sessions = Sessions(store=store, life=LIFE, idle=timedelta(minutes=30), shared_idle=timedelta(minutes=5))
    sign_out = SignOut(
        work=WorkAtOnce(),
        sessions=sessions,
        grants=cast("GrantRepository", grants),
        audit=RecordingAudit(),
        listeners=lambda: (),
    )
    cookies = [sessions.start(a_session(sid, "theirs"), clock.now()) for sid in ("a", "b")]
    with pytest.raises(StoreUnavailable):
        sign_out.end_from_upstream("theirs", clock.now())
    sign_out.end_from_upstream("theirs", clock.now())
    assert grants.ended == ["a", "b"]
    assert not any(sessions.open(cookie, clock.now()) for cookie in cookies)
