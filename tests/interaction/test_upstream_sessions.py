"""Which of our sessions came from which of theirs: many, other tabs in between, none forgotten, none twice."""

import dataclasses
from datetime import timedelta

from idp.ephemeral import Kind
from idp.interaction.session import Session
from idp.interaction.upstream_sessions import remember_upstream, take_upstream
from tests.fakes import NOON, FixedClock, MemoryStore
from tests.people import ALICE, an_event

LIFE = timedelta(hours=4)


def a_session(sid: str, *upstream: str) -> Session:
    events = tuple(dataclasses.replace(an_event("psc"), upstream_sid=one) for one in upstream)
    return Session(sid, ALICE, (*events, an_event("cps")), NOON, NOON)


def taken(store: MemoryStore, upstream_sid: str) -> list[str]:
    return [one.sid for one in take_upstream(store, upstream_sid)]


def test_sessions_of_one_upstream_session_are_all_given_once() -> None:
    store = MemoryStore(FixedClock())
    for sid in ("a", "b", "a"):
        remember_upstream(store, a_session(sid, "theirs"), LIFE)
    remember_upstream(store, a_session("c", "other"), LIFE)
    assert taken(store, "theirs") == ["b", "a"]
    assert taken(store, "theirs") == []
    assert taken(store, "other") == ["c"]


def test_session_of_another_door_is_not_remembered() -> None:
    store = MemoryStore(FixedClock())
    remember_upstream(store, a_session("a"), LIFE)
    assert store.records == {}


def test_only_the_newest_fifty_are_kept_and_they_die_with_the_session() -> None:
    store = MemoryStore(FixedClock())
    for number in range(60):
        remember_upstream(store, a_session(str(number), "theirs"), LIFE)
    (record,) = [one for (kind, _), one in store.records.items() if kind is Kind.UPSTREAM_SESSION]
    assert record.dies_at == NOON + LIFE
    assert taken(store, "theirs") == [str(number) for number in range(10, 60)]
