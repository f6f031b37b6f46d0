"""The contract of `LogoutNotices`, and what an end of session commits, on SQLite and PostgreSQL."""

import itertools
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.exc import ProgrammingError

from idp.accounts.account import AccountId
from idp.accounts.grants import EndedSession, Grant, GrantSpent
from idp.accounts.logouts import LogoutNotice, NoticeState
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.database import open_database, reading, writing
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.logouts import SqlLogoutNotices
from idp.adapters.sql.schema import ended_sessions, logout_notices
from idp.core.clock import SystemClock
from idp.core.ephemeral import StoreUnavailable
from tests.contracts.races import CALLERS, race
from tests.contracts.specimens import ALICE, LATER, NOON, an_account

LISTENERS = ("via", "grand-age")


def signed_in(database: Engine, *clients: str, sid: str = "sid-1", account: AccountId = ALICE) -> None:
    """These clients redeemed a code in this session."""
    if not SqlAccounts(database).find_by_rpps(an_account().identity.rpps):
        SqlAccounts(database).add(an_account())
    for client_id in clients:
        grant_id = f"{sid} {client_id}"
        SqlGrants(database).add(
            Grant(id=grant_id, account_id=account, client_id=client_id, sid=sid, granted_at=NOON)
        )
        SqlGrants(database).redeem(grant_id, NOON)


def notices(database: Engine) -> list[LogoutNotice]:
    return SqlLogoutNotices(database).newest(1000, client_id=None, state=None)


def told(database: Engine) -> set[tuple[str, str]]:
    return {(notice.sid, notice.client_id) for notice in notices(database)}


def ended(database: Engine, *clients: str) -> SqlLogoutNotices:
    """A session of these clients that ended at noon."""
    signed_in(database, *clients)
    SqlGrants(database).end_session("sid-1", NOON, clients)
    return SqlLogoutNotices(database)


# --- the end of a session


def test_each_client_that_listens_and_redeemed_a_code_gets_one_notice(database: Engine) -> None:
    signed_in(database, "via", "grand-age", "deaf")
    signed_in(database, "via", sid="sid-2")
    grants = SqlGrants(database)
    grants.add(Grant(id="second", account_id=ALICE, client_id="via", sid="sid-1", granted_at=NOON))
    grants.redeem("second", NOON)
    grants.add(Grant(id="unredeemed", account_id=ALICE, client_id="other", sid="sid-1", granted_at=NOON))
    reached = grants.end_session("sid-1", LATER, (*LISTENERS, "other"))
    everyone = frozenset({"via", "grand-age", "deaf"})
    assert reached == EndedSession(account_id=ALICE, clients=everyone, is_first=True)
    assert told(database) == {("sid-1", "via"), ("sid-1", "grand-age")}
    newest = notices(database)[0]
    waiting = LogoutNotice(
        id=newest.id,
        sid="sid-1",
        client_id=newest.client_id,
        account_id=ALICE,
        ended_at=LATER,
        state=NoticeState.WAITING,
        deliveries=0,
        outcome=None,
        attempt=0,
    )
    assert newest == waiting


def test_client_that_gave_its_tokens_back_is_told_all_the_same(database: Engine) -> None:
    """It revoked a token; its own session may live on."""
    signed_in(database, "via")
    SqlGrants(database).revoke("sid-1 via", NOON)
    SqlGrants(database).end_session("sid-1", LATER, LISTENERS)
    assert told(database) == {("sid-1", "via")}


def test_second_end_tells_nobody_twice(database: Engine) -> None:
    signed_in(database, *LISTENERS)
    for at in (NOON, LATER):
        ended = SqlGrants(database).end_session("sid-1", at, LISTENERS)
        assert (ended.clients, ended.is_first) == (set(LISTENERS), at == NOON)
    assert [notice.ended_at for notice in notices(database)] == [NOON, NOON]


def test_every_session_of_an_account_ends_and_no_other(database: Engine) -> None:
    signed_in(database, "via")
    signed_in(database, "grand-age", sid="sid-2")
    SqlAccounts(database).add(an_account(2))
    signed_in(database, "via", sid="sid-3", account=AccountId("account-2"))
    grants = SqlGrants(database)
    grants.end_session("sid-1", NOON, LISTENERS)
    grants.end_sessions_of(ALICE, LATER, LISTENERS)
    assert told(database) == {("sid-1", "via"), ("sid-2", "grand-age")}
    kept, over = grants.get("sid-3 via"), grants.get("sid-2 grand-age")
    assert kept is not None
    assert over is not None
    assert (kept.revoked_at, over.revoked_at) == (None, LATER)
    grants.end_sessions_of(AccountId("nobody"), LATER, LISTENERS)


def test_end_without_its_notices_is_no_end(database: Engine) -> None:
    """One commit: what cannot be told is not done, and is done whole the next time."""
    signed_in(database, "via")
    with writing(database) as connection:
        connection.execute(sa.text("ALTER TABLE logout_notices RENAME TO elsewhere"))
    with pytest.raises((StoreUnavailable, ProgrammingError)):
        SqlGrants(database).end_session("sid-1", NOON, LISTENERS)
    grant = SqlGrants(database).get("sid-1 via")
    assert grant is not None
    assert grant.revoked_at is None
    with writing(database) as connection:
        connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO logout_notices"))
    assert SqlGrants(database).end_session("sid-1", LATER, LISTENERS).clients == {"via"}
    assert [notice.ended_at for notice in notices(database)] == [LATER]


def end_it(database: Engine) -> int:
    return len(SqlGrants(database).end_session("sid-1", NOON, LISTENERS).clients)


def test_fifty_ends_at_once_give_one_notice_per_client(database_url: str, database: Engine) -> None:
    signed_in(database, *LISTENERS)
    assert race(end_it, open_database, database_url) == {2: CALLERS}
    assert told(database) == {("sid-1", "via"), ("sid-1", "grand-age")}
    assert len(notices(database)) == 2


_turns = itertools.count()


def end_or_redeem(database: Engine) -> str:
    """Every second caller signs out, the others redeem a code of that session."""
    if next(_turns) % 2:
        SqlGrants(database).end_session("sid-1", NOON, LISTENERS)
        return "ended"
    try:
        SqlGrants(database).redeem("code", NOON)
    except GrantSpent:
        return "refused"
    return "redeemed"


def test_code_redeemed_while_the_session_ends_is_told_or_worth_nothing(
    database_url: str, database: Engine
) -> None:
    signed_in(database, "grand-age")
    SqlGrants(database).add(Grant(id="code", account_id=ALICE, client_id="via", sid="sid-1", granted_at=NOON))
    results = race(end_or_redeem, open_database, database_url)
    assert results["redeemed"] <= 1
    SqlGrants(database).end_session("sid-1", NOON, LISTENERS)
    grant = SqlGrants(database).get("code")
    assert grant is not None
    assert grant.revoked_at == NOON
    assert (("sid-1", "via") in told(database)) == (results["redeemed"] == 1)


# --- the queue


def test_notice_is_held_by_one_at_a_time_and_given_back(database: Engine) -> None:
    queue = ended(database, "via")
    held = queue.lease_next("via", NOON)
    assert held is not None
    assert (held.client_id, held.deliveries, held.attempt) == ("via", 0, 1)
    assert queue.lease_next("via", NOON) is None
    assert queue.clients_due(NOON) == []
    assert queue.postpone(held, NOON + timedelta(seconds=5), "503", 1)
    assert queue.lease_next("via", NOON + timedelta(seconds=4)) is None
    again = queue.lease_next("via", NOON + timedelta(seconds=5))
    assert again is not None
    assert (again.deliveries, again.outcome, again.attempt) == (1, "503", 2)


def test_settled_notice_is_never_due_again(database: Engine) -> None:
    queue = ended(database, "via")
    held = queue.lease_next("via", NOON)
    assert held is not None
    assert queue.settle(held, NoticeState.DELIVERED, "200", 1)
    assert queue.clients_due(LATER) == []
    assert queue.lease_next("via", LATER) is None
    assert [(n.state, n.outcome, n.deliveries) for n in notices(database)] == [("delivered", "200", 1)]


def test_clients_due_are_those_with_something_to_hear(database: Engine) -> None:
    queue = ended(database, "via", "grand-age")
    assert set(queue.clients_due(NOON)) == {"via", "grand-age"}
    assert queue.clients_due(NOON - timedelta(seconds=1)) == []
    assert queue.lease_next("grand-age", NOON) is not None
    assert queue.clients_due(NOON) == ["via"]
    assert queue.lease_next("absent", NOON) is None


def test_notice_of_a_dead_worker_is_due_when_its_lease_ends(database: Engine) -> None:
    queue = ended(database, "via")
    assert queue.lease_next("via", NOON) is not None
    assert queue.clients_due(NOON + timedelta(seconds=29)) == []
    assert queue.clients_due(NOON + timedelta(seconds=30)) == ["via"]
    assert queue.lease_next("via", NOON + timedelta(seconds=30)) is not None


def test_worker_that_outlived_its_lease_decides_nothing(database: Engine) -> None:
    queue = ended(database, "via")
    first = queue.lease_next("via", NOON)
    second = queue.lease_next("via", NOON + timedelta(minutes=1))
    assert first is not None
    assert second is not None
    assert not queue.settle(first, NoticeState.ABANDONED, "ReadTimeout", 4)
    assert not queue.postpone(first, LATER, "ReadTimeout", 1)
    assert queue.settle(second, NoticeState.DELIVERED, "200", 1)
    assert [notice.state for notice in notices(database)] == [NoticeState.DELIVERED]


def drain(database: Engine) -> tuple[str, ...]:
    """One worker until nothing is left: the sessions it told of."""
    queue, clock, seen = SqlLogoutNotices(database), SystemClock(), []
    while held := queue.lease_next("via", clock.now()):
        seen.append(held.sid)
        assert queue.settle(held, NoticeState.DELIVERED, "200", 1)
    return tuple(seen)


def test_fifty_workers_tell_of_each_session_once(database_url: str, database: Engine) -> None:
    for number in range(20):
        signed_in(database, "via", sid=f"sid-{number}")
        SqlGrants(database).end_session(f"sid-{number}", NOON, LISTENERS)
    drained = race(drain, open_database, database_url)
    assert Counter(sid for sids in drained.elements() for sid in sids) == {
        f"sid-{number}": 1 for number in range(20)
    }


# --- the operator


def test_newest_ends_come_first_and_can_be_chosen(database: Engine) -> None:
    queue = ended(database, "via", "grand-age")
    signed_in(database, "via", sid="sid-2")
    SqlGrants(database).end_session("sid-2", LATER, LISTENERS)
    held = queue.lease_next("via", LATER)
    assert held is not None
    queue.settle(held, NoticeState.REFUSED, "400", 1)
    assert [n.sid for n in queue.newest(1, client_id=None, state=None)] == ["sid-2"]
    assert [n.client_id for n in queue.newest(9, client_id="grand-age", state=None)] == ["grand-age"]
    assert [n.outcome for n in queue.newest(9, client_id=None, state=NoticeState.REFUSED)] == ["400"]


def test_old_notices_and_ends_are_forgotten(
    database_url: str, database: Engine, opened: Callable[[str], Engine]
) -> None:
    queue = ended(database, "via", "grand-age")
    signed_in(database, "via", sid="sid-2")
    SqlGrants(database).end_session("sid-2", LATER, LISTENERS)
    assert (queue.purge(LATER), queue.purge(LATER)) == (3, 0)  # an end and its two notices
    other = opened(database_url)
    assert told(other) == {("sid-2", "via")}
    with reading(other) as connection:
        assert connection.execute(sa.select(ended_sessions.c.sid)).scalars().all() == ["sid-2"]
        assert connection.execute(sa.select(sa.func.count()).select_from(logout_notices)).scalar_one() == 1
