"""The contracts of `GrantRepository` and `Audit` on SQLite and PostgreSQL."""

import itertools
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.grants import Grant, GrantSpent, SessionEnded
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.audit import SqlAudit
from idp.adapters.sql.database import open_database, reading, writing
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.schema import audit_events, ended_sessions
from idp.adapters.sql.schema import grants as grants_table
from idp.adapters.sql.standings import SqlStandings
from idp.adapters.sql.work import SqlUnitOfWork
from idp.core.audit import AuditEvent
from tests.contracts.races import CALLERS, race
from tests.contracts.specimens import ALICE, LATER, NOON, FixedClock, an_account


def a_grant(name: str = "g", sid: str = "sid-1") -> Grant:
    return Grant(id=name, account_id=ALICE, client_id="viatrajectoire", sid=sid, granted_at=NOON)


def redeems(grants: SqlGrants, name: str, now: datetime) -> bool:
    try:
        grants.redeem(name, now)
    except GrantSpent:
        return False
    return True


def test_grant_is_redeemed_once(database: Engine) -> None:
    SqlAccounts(database).add(an_account())
    grants = SqlGrants(database)
    assert grants.get("g") is None
    assert not redeems(grants, "g", NOON)
    grants.add(a_grant())
    assert grants.get("g") == a_grant()
    assert redeems(grants, "g", LATER)
    assert not redeems(grants, "g", LATER + timedelta(hours=1))
    assert grants.get("g") == replace(a_grant(), redeemed_at=LATER)


def test_the_context_that_a_grant_is_for_is_kept_with_it(database: Engine) -> None:
    SqlAccounts(database).add(an_account())
    grants = SqlGrants(database)
    for name, key in (("hinted", "k" * 32), ("chosen", None)):
        with SqlUnitOfWork(database).together():
            grants.add(replace(a_grant(name), context_key=key))
        found = grants.get(name)
        assert found is not None
        assert found.context_key == key
        of_it = SqlStandings(database).of_grant(name, ())
        assert of_it is not None
        assert of_it.grant.context_key == key


def test_redeemed_grant_stays_so_across_a_reopening(
    database_url: str, opened: Callable[[str], Engine]
) -> None:
    first = open_database(database_url)
    SqlAccounts(first).add(an_account())
    SqlGrants(first).add(a_grant())
    SqlGrants(first).redeem("g", NOON)
    first.dispose()
    assert not redeems(SqlGrants(opened(database_url)), "g", LATER)


def test_revoked_grant_is_not_redeemed_and_keeps_its_first_instant(database: Engine) -> None:
    SqlAccounts(database).add(an_account())
    grants = SqlGrants(database)
    grants.add(a_grant())
    grants.revoke("g", NOON)
    grants.revoke("g", LATER)
    grants.revoke("absent", LATER)
    assert not redeems(grants, "g", LATER)
    assert grants.get("g") == replace(a_grant(), revoked_at=NOON)


def test_every_grant_of_a_session_is_revoked_and_no_other(database: Engine) -> None:
    SqlAccounts(database).add(an_account())
    grants = SqlGrants(database)
    for grant in (a_grant("a"), a_grant("b"), a_grant("c", sid="sid-2")):
        grants.add(grant)
    grants.redeem("b", NOON)
    assert grants.end_session("sid-1", LATER, ()).clients == {"viatrajectoire"}
    assert grants.get("a") == replace(a_grant("a"), revoked_at=LATER)
    assert grants.get("b") == replace(a_grant("b"), redeemed_at=NOON, revoked_at=LATER)
    assert redeems(grants, "c", LATER)


def test_session_that_ended_gives_no_grant(database: Engine) -> None:
    SqlAccounts(database).add(an_account())
    grants = SqlGrants(database)
    grants.end_session("sid-1", NOON, ())
    with pytest.raises(SessionEnded):
        grants.add(a_grant())
    assert grants.get("g") is None
    grants.add(a_grant("other", sid="sid-2"))
    assert redeems(grants, "other", LATER)


def test_code_of_which_the_end_of_its_session_saw_nothing_is_never_redeemed(database: Engine) -> None:
    """Added in a transaction that began before that end was committed."""
    SqlAccounts(database).add(an_account())
    grants = SqlGrants(database)
    grants.add(a_grant())
    with writing(database) as connection:
        connection.execute(sa.insert(ended_sessions).values(sid="sid-1", ended_at=NOON))
    assert not redeems(grants, "g", LATER)


def test_a_grant_redeemed_while_the_end_of_its_session_was_being_committed_counts_as_revoked(
    database: Engine,
) -> None:
    SqlAccounts(database).add(an_account())
    grants, standings = SqlGrants(database), SqlStandings(database)
    grants.add(a_grant())
    grants.redeem("g", NOON)
    found = standings.of_grant("g", ())
    assert found is not None
    assert found.grant == grants.get("g")
    with writing(database) as connection:
        connection.execute(sa.insert(ended_sessions).values(sid="sid-1", ended_at=LATER))
    found = standings.of_grant("g", ())
    assert found is not None
    assert found.grant.revoked_at == LATER


def redeem_it(database: Engine) -> bool:
    return redeems(SqlGrants(database), "g", NOON)


def test_one_of_fifty_redemptions_succeeds(database_url: str, database: Engine) -> None:
    SqlAccounts(database).add(an_account())
    SqlGrants(database).add(a_grant())
    assert race(redeem_it, open_database, database_url) == {True: 1, False: CALLERS - 1}


_turns = itertools.count()


def end_or_issue(database: Engine) -> str:
    """Every second caller signs out, the others issue a code of that session and redeem it."""
    number, grants = next(_turns), SqlGrants(database)
    if number % 2:
        grants.end_session("sid-1", NOON, ())
        return "ended"
    name = f"{os.getpid()}-{number}"
    try:
        with SqlUnitOfWork(database).together():
            grants.add(a_grant(name))
            SqlAudit(database, FixedClock()).record(AuditEvent.CODE_ISSUED)
        grants.redeem(name, LATER)
    except (SessionEnded, GrantSpent) as refused:
        return type(refused).__name__
    return "redeemed"


def test_a_session_that_ends_while_codes_are_issued_leaves_none_that_is_good(
    database_url: str, database: Engine
) -> None:
    SqlAccounts(database).add(an_account())
    results = race(end_or_issue, open_database, database_url)
    assert sum(results.values()) == CALLERS
    with reading(database) as connection:
        left = connection.execute(sa.select(grants_table)).all()
        events = connection.execute(sa.select(sa.func.count()).select_from(audit_events)).scalar_one()
    # One that was added while that end was being committed was not seen by it: as good as revoked all the same.
    found = [SqlStandings(database).of_grant(row.id, ()) for row in left]
    assert all(one is not None and one.grant.revoked_at == NOON for one in found)
    assert not any(redeems(SqlGrants(database), row.id, LATER) for row in left)
    assert events == len(left) == results["redeemed"] + results["GrantSpent"]


# --- audit


def test_audit_event_is_a_committed_row(
    database_url: str, database: Engine, opened: Callable[[str], Engine]
) -> None:
    audit = SqlAudit(database, FixedClock())
    audit.record(
        AuditEvent.CODE_ISSUED,
        account_id=ALICE,
        client_id="rp",
        interaction_id="i",
        acr="cps",
        tries=2,
        sso=True,
    )
    audit.record(AuditEvent.CLIENT_REFUSED)
    with reading(opened(database_url)) as connection:
        rows = [
            tuple(row)[:7] for row in connection.execute(sa.select(audit_events).order_by(audit_events.c.id))
        ]
    assert rows == [
        (1, NOON, "code:issue:accepted", ALICE, "rp", "i", {"acr": "cps", "tries": 2, "sso": True}),
        (2, NOON, "client:authenticate:refused", None, None, None, {}),
    ]


def test_any_client_a_request_names_can_be_recorded(database: Engine) -> None:
    for hostile in ("a\x00b", "\ud800", "x" * 100_000):
        SqlAudit(database, FixedClock()).record(
            AuditEvent.CLIENT_REFUSED, client_id=hostile, interaction_id=hostile
        )
    with reading(database) as connection:
        kept = (
            connection.execute(sa.select(audit_events.c.client_id).order_by(audit_events.c.id))
            .scalars()
            .all()
        )
    assert kept == ["a\ufffdb", "?", "x" * 255]
