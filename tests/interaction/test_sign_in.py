"""What a login that is done makes of the session of its browser: none, its own, a lapsed one, another person's."""

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from idp.accounts.grants import EndedSession, GrantRepository
from idp.accounts.open_sessions import OpenSession, Origin
from idp.core.audit import AuditEvent
from idp.core.ephemeral import Kind
from idp.interaction.assurance import assurance_of
from idp.interaction.authenticator import Acr
from idp.interaction.gate import Gate, IssueRefused, MayNotIssue
from idp.interaction.hub import Done
from idp.interaction.session import Session
from idp.interaction.sessions import Sessions
from idp.interaction.sign_in import Entered, SessionOver, SignIn
from idp.interaction.sign_out import SignOut
from idp.interaction.upstream_sessions import close_upstream
from idp.interaction.visit import Visit
from tests.fakes import (
    NOON,
    FixedClock,
    MemoryOpenSessions,
    MemoryStore,
    RecordingAudit,
    RecordingLastSignIns,
    WorkAtOnce,
)
from tests.people import ALICE, ALICE_RPPS, BOB, a_standing, an_account, an_event, an_interaction, doors

LIFE, IDLE = timedelta(hours=4), timedelta(minutes=30)
SHARED_IDLE = timedelta(minutes=5)
TOLD_AFTER = timedelta(minutes=5)
FIREFOX = Origin(browser="Firefox", system="Linux", network="192.0.2.x")


@dataclass(frozen=True)
class Requester:
    client_id: str = "viatrajectoire"
    minimum_acr: Acr = Acr.PWD_OTP
    charters: tuple[str, ...] = ()


@dataclass
class Grants:
    """The one method of the port that ending a session needs."""

    ended: list[str] = field(default_factory=list)

    def end_session(self, sid: str, now: datetime, listeners: Collection[str]) -> EndedSession:
        self.ended.append(sid)
        return EndedSession(account_id=ALICE, clients=frozenset(), is_first=True)


@dataclass
class House:
    clock: FixedClock
    store: MemoryStore
    cookie: str | None = None
    bindings: dict[str, str] = field(default_factory=dict)
    is_station_shared: bool = False
    audit: RecordingAudit = field(default_factory=RecordingAudit)
    last: RecordingLastSignIns = field(default_factory=RecordingLastSignIns)
    grants: Grants = field(default_factory=Grants)
    listed: MemoryOpenSessions = field(default_factory=MemoryOpenSessions)
    usual_for: str = ""

    def __post_init__(self) -> None:
        self.sessions = Sessions(store=self.store, life=LIFE, idle=IDLE, shared_idle=SHARED_IDLE)
        sign_out = SignOut(
            work=WorkAtOnce(),
            sessions=self.sessions,
            grants=cast("GrantRepository", self.grants),
            audit=self.audit,
            listeners=lambda: (),
        )
        gate = Gate(doors({"psc", "cps", "password"}))
        self.sign_in = SignIn(
            sessions=self.sessions,
            open_sessions=self.listed,
            sign_out=sign_out,
            gate=gate,
            audit=self.audit,
            last=self.last,
            told_after=TOLD_AFTER,
        )

    def begin_session(self, *events: Any, **changes: Any) -> Session:
        session = Session(
            sid="sid-1", account_id=ALICE, events=events, started_at=NOON, last_seen_at=NOON, **changes
        )
        self.cookie = self.sessions.start(session, NOON)
        return session

    def enter(
        self,
        *events: Any,
        account: Any = None,
        asks: Requester | None = None,
        session: Session | None = None,
        **changes: Any,
    ) -> Entered:
        account = account or an_account(created_at=NOON - timedelta(days=1))
        interaction = an_interaction(account_id=account.id, events=events, **changes)
        assurance = assurance_of(events)
        assert assurance is not None
        done = Done(
            interaction=interaction, standing=a_standing(account), assurance=assurance, session=session
        )
        visit = Visit(
            browser="browser",
            session=self.cookie,
            is_station_shared=self.is_station_shared,
            now=self.clock.now(),
            bindings=self.bindings,
            origin=lambda: FIREFOX,
            is_usual_for=lambda rpps: rpps == self.usual_for,
        )
        entered = self.sign_in.enter(done, asks or Requester(), visit)
        self.sign_in.tell(entered, done)
        return entered

    def session_of(self, entered: Entered) -> Session:
        session = self.sessions.open(entered.cookie, self.clock.now())
        assert session is not None
        return session


@pytest.fixture
def house(clock: FixedClock, store: MemoryStore) -> House:
    return House(clock, store)


CARD, PSC = an_event("cps"), an_event("psc", upstream_sid="theirs")
PASSWORD = (an_event("password"), an_event("email_otp"))


def test_the_first_login_begins_a_session_and_withdrawing_ends_it(house: House) -> None:
    entered = house.enter(CARD)
    session = house.session_of(entered)
    assert (session.sid, session.account_id, session.events) == (entered.sid, ALICE, (CARD,))
    assert house.audit.names() == [AuditEvent.SESSION_STARTED]
    house.sign_in.withdraw(entered)
    assert house.sessions.open(entered.cookie, house.clock.now()) is None


def test_single_sign_on_leaves_the_session_and_its_cookie_as_they_are(house: House) -> None:
    house.begin_session(CARD)
    assert house.enter(CARD, sid="sid-1") == Entered(sid="sid-1", cookie=None)
    assert house.audit.names() == []


def test_a_session_is_listed_with_where_it_began_and_is_told_of(house: House) -> None:
    house.clock.advance(minutes=1)
    entered = house.enter(*PASSWORD)
    (listed,) = house.listed.rows.values()
    assert listed == OpenSession(
        sid=entered.sid,
        account_id=ALICE,
        started_at=NOON + timedelta(minutes=1),
        door="password",
        origin=FIREFOX,
        ends_at=NOON + LIFE,
        tell_at=NOON + timedelta(minutes=6),
    )
    assert house.audit.events[-1][1]["door"] == "password"


def test_of_a_browser_that_the_person_used_before_nothing_is_told(house: House) -> None:
    house.usual_for = ALICE_RPPS
    house.enter(CARD)
    assert [one.tell_at for one in house.listed.rows.values()] == [None]


def test_who_has_just_made_the_account_is_told_nothing(house: House) -> None:
    house.enter(CARD, account=an_account(created_at=NOON + timedelta(minutes=2)), started_at=NOON)
    assert [one.tell_at for one in house.listed.rows.values()] == [None]


def test_a_step_up_is_listed_with_its_later_end_and_is_told_no_second_time(house: House) -> None:
    entered = house.enter(*PASSWORD)
    house.cookie = entered.cookie
    house.listed.told([entered.sid])
    house.clock.advance(minutes=20)
    house.enter(*PASSWORD, an_event("cps", 20), sid=entered.sid)
    (listed,) = house.listed.rows.values()
    assert (listed.sid, listed.door, listed.tell_at) == (entered.sid, "cps", None)
    assert (listed.started_at, listed.ends_at) == (NOON, NOON + timedelta(minutes=20) + LIFE)


def test_single_sign_on_has_nothing_to_list(house: House) -> None:
    house.begin_session(CARD)
    house.enter(CARD, sid="sid-1")
    assert not house.listed.rows


def test_the_session_that_gave_its_events_in_this_request_is_not_read_again(house: House) -> None:
    session = house.begin_session(CARD)
    house.sessions.end("sid-1")
    assert house.enter(CARD, sid="sid-1", session=session) == Entered(sid="sid-1", cookie=None)


def test_a_session_that_another_tab_wrote_since_it_was_read_is_read_again(house: House) -> None:
    read = house.begin_session(CARD)
    house.sessions.touch(read, house.cookie or "", house.clock.now())
    entered = house.enter(CARD, PSC, sid="sid-1", session=read)
    assert house.session_of(entered).events == (CARD, PSC)


def test_a_step_up_adds_to_the_session_under_a_new_cookie(house: House) -> None:
    house.begin_session(*PASSWORD, upstream_id_token="sealed")
    old = house.cookie
    entered = house.enter(*PASSWORD, CARD, sid="sid-1")
    session = house.session_of(entered)
    assert (entered.sid, set(session.events)) == ("sid-1", {*PASSWORD, CARD})
    assert session.upstream_id_token == "sealed"
    assert house.sessions.open(old, house.clock.now()) is None


def test_the_session_of_another_person_at_this_browser_ends(house: House) -> None:
    house.begin_session(CARD)
    entered = house.enter(CARD, account=an_account(id=BOB))
    assert entered.sid != "sid-1"
    assert house.grants.ended == ["sid-1"]
    assert house.sessions.open(house.cookie, house.clock.now()) is None


def test_what_leaned_on_a_session_that_ended_enters_nowhere(house: House) -> None:
    house.begin_session(CARD)
    house.sessions.end("sid-1")
    with pytest.raises(SessionOver):
        house.enter(CARD, sid="sid-1")


def test_a_lapsed_session_of_the_person_gives_its_name_on_and_a_void_one_does_not(house: House) -> None:
    house.begin_session(CARD)
    house.clock.advance(hours=1)
    now = an_event("cps", 60)
    started = house.clock.now()
    entered = house.enter(now, started_at=started)
    assert (entered.sid, house.session_of(entered).events) == ("sid-1", (now,))
    house.cookie = entered.cookie
    house.clock.advance(hours=1)
    later = an_event("cps", 120)
    voiding = an_account(generation=1)
    entered = house.enter(later, account=voiding, generation=1, started_at=house.clock.now())
    assert entered.sid != "sid-1"
    assert house.session_of(entered).generation == 1


def test_on_a_shared_station_a_session_that_waited_five_minutes_is_not_continued(house: House) -> None:
    house.begin_session(CARD)
    house.clock.advance(minutes=5)
    assert house.enter(CARD, sid="sid-1") == Entered(sid="sid-1", cookie=None)
    house.is_station_shared = True
    with pytest.raises(SessionOver):
        house.enter(CARD, sid="sid-1")


def test_the_gate_refuses_by_the_older_of_session_and_interaction(house: House) -> None:
    house.begin_session(CARD)
    voided = an_account(generation=1)
    with pytest.raises(IssueRefused) as caught:
        house.enter(CARD, account=voided)
    assert caught.value.reason is MayNotIssue.NOT_BEFORE
    with pytest.raises(IssueRefused):
        house.enter(*PASSWORD, asks=Requester(minimum_acr=Acr.CPS))
    assert house.audit.names() == [AuditEvent.ISSUE_REFUSED, AuditEvent.ISSUE_REFUSED]


def test_proofs_that_died_on_the_way_make_no_session(house: House) -> None:
    house.clock.advance(hours=4)
    with pytest.raises(SessionOver):
        house.enter(CARD)


def test_a_sign_out_upstream_meanwhile_makes_no_session(house: House) -> None:
    close_upstream(house.store, "theirs", LIFE)
    with pytest.raises(SessionOver):
        house.enter(PSC)


@dataclass
class EndingStore(MemoryStore):
    """The session ends, in another tab, between being read and being renewed."""

    def swap(self, kind: Kind, key: str, value: Any, **options: Any) -> None:
        if kind is Kind.SESSION:
            self.take(kind, key)
        super().swap(kind, key, value, **options)


def test_a_session_that_ended_while_it_was_renewed_does_not_rise_again(clock: FixedClock) -> None:
    house = House(clock, EndingStore(clock))
    old = dataclasses.replace(CARD, at=NOON - timedelta(minutes=1))
    house.begin_session(old)
    # What the code would say was worth the events of both.
    with pytest.raises(SessionOver):
        house.enter(old, *PASSWORD, sid="sid-1")
    assert house.sessions.find("sid-1") is None


def test_and_a_login_that_took_nothing_from_it_gets_a_session_of_its_own(clock: FixedClock) -> None:
    house = House(clock, EndingStore(clock))
    house.begin_session(dataclasses.replace(CARD, at=NOON - timedelta(minutes=1)))
    entered = house.enter(*PASSWORD)
    assert entered.sid != "sid-1"
    assert set(house.session_of(entered).events) == set(PASSWORD)


def test_and_without_a_proof_of_this_login_there_is_none(clock: FixedClock) -> None:
    house = House(clock, EndingStore(clock))
    old = dataclasses.replace(CARD, at=NOON - timedelta(minutes=1))
    house.begin_session(*PASSWORD)
    with pytest.raises(SessionOver):
        house.enter(old, sid="sid-1")
