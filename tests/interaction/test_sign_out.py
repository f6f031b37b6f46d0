"""The end of a session: told once, ended as often as it is asked for."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

import pytest

from idp.accounts.account import AccountId
from idp.accounts.grants import EndedSession, GrantRepository
from idp.core.audit import AuditEvent
from idp.interaction.session import Session
from idp.interaction.sessions import Sessions
from idp.interaction.sign_out import SignOut
from tests.fakes import NOON, MemoryStore, RecordingAudit, WorkAtOnce
from tests.people import ALICE, an_event


@dataclass
class Grants:
    """What of the port ending a session needs: one client signed the person in. `known`: the sessions with grants."""

    ended: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=lambda: {"a": "theirs", "b": "theirs"})

    def end_session(self, sid: str, now: datetime, listeners: Collection[str]) -> EndedSession:
        is_first = all(sid != known for known, _listeners in self.ended)
        self.ended.append((sid, tuple(listeners)))
        owner = ALICE if sid in self.known else None
        return EndedSession(account_id=owner, clients=frozenset({"viatrajectoire"}), is_first=is_first)

    def end_sessions_of(
        self, account_id: AccountId, now: datetime, listeners: Collection[str], spared: str = ""
    ) -> Collection[str]:
        assert account_id == ALICE
        self.ended += [(sid, tuple(listeners)) for sid in self.known if sid != spared]
        return [sid for sid in self.known if sid != spared]

    def sessions_from(self, upstream_sid: str) -> Collection[str]:
        return [sid for sid, theirs in self.known.items() if theirs == upstream_sid]


@dataclass
class House:
    store: MemoryStore
    audit: RecordingAudit = field(default_factory=RecordingAudit)
    grants: Grants = field(default_factory=Grants)

    def __post_init__(self) -> None:
        self.sessions = Sessions(
            store=self.store,
            life=timedelta(hours=4),
            idle=timedelta(minutes=30),
            shared_idle=timedelta(minutes=5),
        )
        self.sign_out = SignOut(
            work=WorkAtOnce(),
            sessions=self.sessions,
            grants=cast("GrantRepository", self.grants),
            audit=self.audit,
            listeners=lambda: ("listening",),
        )

    def begin(self, sid: str) -> tuple[Session, str]:
        """Returns the session, which came from Pro Santé Connect, and its cookie."""
        event = an_event("psc", upstream_sid="theirs")
        session = Session(sid=sid, account_id=ALICE, events=(event,), started_at=NOON, last_seen_at=NOON)
        return session, self.sessions.start(session, NOON)

    def told(self) -> list[tuple[str | None, str | None]]:
        """Returns the client and the party that each end was recorded for."""
        assert set(self.audit.names()) <= {AuditEvent.SESSION_ENDED}
        return [(facts["client_id"], facts.get("by")) for _event, facts in self.audit.events]


@pytest.fixture
def house(store: MemoryStore) -> House:
    return House(store)


def test_session_ended_twice_is_told_once_and_its_clients_both_times(house: House) -> None:
    session, cookie = house.begin("a")
    for _ in range(2):
        assert house.sign_out.end(session, NOON, "viatrajectoire") == {"viatrajectoire"}
    assert house.sessions.open(cookie, NOON) is None
    assert house.told() == [("viatrajectoire", None)]
    assert house.grants.ended == [("a", ("listening",))] * 2


def test_session_that_the_person_ended_here_is_not_told_again_when_theirs_ends(house: House) -> None:
    """Its grants end all the same: the first end may have failed between the two stores."""
    session, _cookie = house.begin("a")
    house.begin("b")
    house.sign_out.end(session, NOON)
    house.sign_out.end_from_upstream("theirs", NOON)
    assert house.told() == [(None, None), (None, "psc")]
    assert [sid for sid, _listeners in house.grants.ended] == ["a", "a", "b"]


def test_session_whose_record_was_lost_ends_by_its_name_and_is_told_once(house: House) -> None:
    assert house.sign_out.end_named("a", NOON, "viatrajectoire") == {"viatrajectoire"}
    assert house.sign_out.end_named("a", NOON, "viatrajectoire") == set()
    assert house.told() == [("viatrajectoire", None)]


def test_name_that_no_grant_bears_is_told_of_nobody(house: House) -> None:
    house.sign_out.end_named("unknown", NOON, "viatrajectoire")
    assert house.told() == []


def test_sign_out_there_reaches_what_only_the_grants_remember(house: House) -> None:
    house.begin("b")
    house.store.records.clear()
    for _ in range(2):
        house.sign_out.end_from_upstream("theirs", NOON)
    assert [sid for sid, _listeners in house.grants.ended] == ["a", "b"] * 2
    assert house.told() == [(None, "psc"), (None, "psc")]


def test_the_others_end_and_the_one_of_this_browser_goes_on(house: House) -> None:
    here, cookie = house.begin("a")
    _there, other = house.begin("b")
    assert house.sign_out.end_others(here, NOON) == 1
    assert house.sessions.open(cookie, NOON) is not None
    assert house.sessions.open(other, NOON) is None
    assert house.grants.ended == [("b", ("listening",))]
    (event,) = house.audit.events
    assert (event[1]["by"], event[1]["others"]) == ("person", True)


def test_without_others_nothing_is_told(house: House) -> None:
    here, _cookie = house.begin("a")
    house.grants.known = {"a": "theirs"}
    assert house.sign_out.end_others(here, NOON) == 0
    assert house.audit.events == []


def test_operator_ends_one_session_with_what_is_written_beside(house: House) -> None:
    written: list[str] = []
    house.sign_out.end_for_operator("a", ALICE, NOON, lambda: written.append("mail"))
    assert written == ["mail"]
    assert [sid for sid, _ in house.grants.ended] == ["a"]
    assert house.told() == [(None, "operator")]
