"""Sign-ins of one browser that end at one instant, over two processes: one session of each person, on every store."""

import dataclasses
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, cast

from idp.accounts.account import AccountId
from idp.accounts.grants import GrantRepository
from idp.core.ephemeral import EphemeralStore, Kind
from idp.interaction.assurance import assurance_of
from idp.interaction.gate import Gate
from idp.interaction.hub import Done
from idp.interaction.session import Session
from idp.interaction.sessions import Sessions
from idp.interaction.sign_in import SignIn
from idp.interaction.sign_out import SignOut
from idp.interaction.store import fingerprint
from idp.interaction.visit import Visit
from tests.contracts.races import open_store, race
from tests.fakes import NOON, MemoryOpenSessions, RecordingAudit, RecordingLastSignIns, WorkAtOnce
from tests.people import ALICE, BOB, a_standing, an_account, an_event, an_interaction, doors

LIFE, IDLE = timedelta(hours=4), timedelta(minutes=30)
REPETITIONS = 20
THREADS = 3
BEFORE = an_event("password", -1)
TABS = {f"tab-{n}": f"binding-{n}" for n in range(2 * THREADS)}


class NoGrants:
    """No relying party was signed in."""

    def end_session(self, sid: str, now: datetime, listeners: Collection[str]) -> frozenset[str]:
        return frozenset()


def sessions_on(store: EphemeralStore) -> Sessions:
    return Sessions(store=store, life=LIFE, idle=IDLE, shared_idle=IDLE)


def sign_in_on(store: EphemeralStore) -> SignIn:
    sessions = sessions_on(store)
    audit = RecordingAudit()
    return SignIn(
        sessions=sessions,
        open_sessions=MemoryOpenSessions(),
        sign_out=SignOut(
            work=WorkAtOnce(),
            sessions=sessions,
            grants=cast("GrantRepository", NoGrants()),
            audit=audit,
            listeners=lambda: (),
        ),
        gate=Gate(doors({"psc", "cps", "password"})),
        audit=audit,
        last=RecordingLastSignIns(),
    )


def end_one(store: EphemeralStore, person: AccountId, browser: str, session: str | None = None) -> Any:
    """What one more tab of this browser gets when its sign-in ends now."""
    tab = store.count(Kind.MAIL_CODE_TRIES, f"tabs of {browser}", LIFE) - 1
    account = an_account(id=person)
    event = dataclasses.replace(an_event("cps"), at=NOON + timedelta(seconds=tab))
    interaction = an_interaction(
        id=f"tab-{tab}", account_id=person, events=(event,), browser=fingerprint(f"binding-{tab}")
    )
    assurance = assurance_of((event,))
    assert assurance is not None
    visit = Visit(browser=browser, session=session, is_station_shared=False, now=NOON, bindings=TABS)
    done = Done(interaction=interaction, standing=a_standing(account), assurance=assurance)
    return sign_in_on(store).enter(done, _Requester(), visit)


@dataclasses.dataclass(frozen=True)
class _Requester:
    client_id: str = "viatrajectoire"
    minimum_acr: Any = "urn:caducee:acr:pwd-otp"
    charters: tuple[str, ...] = ()


def act(store: EphemeralStore) -> tuple[Any, ...]:
    """What one tab of each browser gets: its `sid`, and whether its own cookie opens that session."""
    entered = [end_one(store, ALICE, f"browser-{n}") for n in range(REPETITIONS)]
    kept = store.get(Kind.LOGOUT_REQUEST, "cookie")
    assert kept is not None
    entered.append(end_one(store, ALICE, "signed-in", kept.value["cookie"]))
    sessions = sessions_on(store)
    return tuple((one.sid, sessions.open(one.cookie, NOON) is not None) for one in entered)


def two_persons(store: EphemeralStore) -> str:
    person = (ALICE, BOB)[store.count(Kind.MAIL_CODE_TRIES, "who", LIFE) % 2]
    return str(end_one(store, person, "of-two").sid)


def test_one_person_gets_one_session_whichever_answer_comes_last(
    store: EphemeralStore, store_url: str
) -> None:
    begun = Session(sid="sid-1", account_id=ALICE, events=(BEFORE,), started_at=NOON, last_seen_at=NOON)
    cookie = sessions_on(store).start(begun, NOON)
    store.put(Kind.LOGOUT_REQUEST, "cookie", {"cookie": cookie}, LIFE)
    got = race(act, open_store, store_url, threads=THREADS)
    ((told, callers),) = got.items()
    assert callers == 2 * THREADS
    assert all(opens for _, opens in told)
    assert told[-1][0] == "sid-1"
    assert len({sid for sid, _ in told}) == REPETITIONS + 1


def test_of_two_persons_the_last_one_stays(store: EphemeralStore, store_url: str) -> None:
    got = race(two_persons, open_store, store_url, threads=THREADS)
    sessions = sessions_on(store)
    assert sum(sessions.find(sid) is not None for sid in got) == 1, got
