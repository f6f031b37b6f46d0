"""What is over goes however much it is: batch by batch, each a transaction of its own, on SQLite and PostgreSQL."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine, event

from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.batches import AT_ONCE
from idp.adapters.sql.database import insert_into, open_database, reading, writing
from idp.adapters.sql.email_schema import email_undos
from idp.adapters.sql.email_undos import SqlEmailUndos
from idp.adapters.sql.erasure import SqlErasures
from idp.adapters.sql.erasure_schema import kept_acceptances
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.logouts import SqlLogoutNotices
from idp.adapters.sql.open_sessions import SqlOpenSessions
from idp.adapters.sql.schema import ended_sessions, ephemeral, grants, logout_notices, refresh_tokens
from idp.adapters.sql.session_schema import sessions
from idp.adapters.sql.store import SqlStore
from tests.contracts.races import race
from tests.contracts.specimens import ALICE, LATER, NOON, FixedClock, an_account

BACKLOG = 2 * AT_ONCE + 1
OF_GRANT = {"account_id": ALICE, "client_id": "via", "sid": "sid", "generation": 0, "granted_at": NOON}
OF_SESSION = {
    "account_id": ALICE,
    "started_at": NOON,
    "door": "cps",
    "browser": "b",
    "system": "s",
    "network": "n",
    "is_of_house": False,
    "ends_at": NOON,
}
OF_NOTICE = {
    "client_id": "via",
    "account_id": ALICE,
    "ended_at": NOON,
    "state": "delivered",
    "deliveries": 1,
    "attempts": 1,
    "not_before": NOON,
}
OF_UNDO = {"account_id": ALICE, "changed_at": NOON, "ends_at": NOON}
OF_EVIDENCE = {
    "pseudonym": "p",
    "charter": "c",
    "revision": "r",
    "text_sha256": "t",
    "accepted_at": NOON,
    "authenticator": "cps",
    "client_id": "via",
    "erased_at": NOON,
}
OF_RECORD = {"kind": "k", "value": "{}", "version": 0, "expires_at": NOON}

#: By table: its rows, what names each of them, who purges it.
BACKLOGS: dict[sa.Table, tuple[dict[str, object], str, Callable[[Engine], int]]] = {
    grants: (OF_GRANT, "id", lambda database: SqlGrants(database).purge(LATER)),
    sessions: (OF_SESSION, "sid", lambda database: SqlOpenSessions(database).purge(LATER)),
    ended_sessions: ({"ended_at": NOON}, "sid", lambda database: SqlLogoutNotices(database).purge(LATER)),
    logout_notices: (OF_NOTICE, "sid", lambda database: SqlLogoutNotices(database).purge(LATER)),
    email_undos: (OF_UNDO, "token_sha256", lambda database: SqlEmailUndos(database).purge(LATER)),
    kept_acceptances: (OF_EVIDENCE, "revision", lambda database: SqlErasures(database).purge(LATER)),
    ephemeral: (OF_RECORD, "key_hash", lambda database: SqlStore(database, FixedClock(LATER)).purge()),
}


def fill(database: Engine, table: sa.Table, *, rows: int = BACKLOG) -> None:
    row, name, _purge = BACKLOGS[table]
    SqlAccounts(database).add(an_account())
    with writing(database) as connection:
        connection.execute(insert_into(connection, table), [{**row, name: f"{one}"} for one in range(rows)])


def left(database: Engine, table: sa.Table) -> int:
    with reading(database) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


@pytest.mark.parametrize("table", BACKLOGS, ids=lambda table: table.name)
def test_a_backlog_goes_in_batches_each_committed_by_itself(database: Engine, table: sa.Table) -> None:
    fill(database, table)
    *_, purge = BACKLOGS[table]
    commits: list[object] = []
    event.listen(database, "commit", commits.append)
    gone = []
    while rows := purge(database):
        gone.append(rows)
        assert left(database, table) == BACKLOG - sum(gone)
    assert gone == [AT_ONCE, AT_ONCE, 1]
    assert len(commits) > len(gone)


def test_a_grant_goes_with_its_refresh_token(database: Engine) -> None:
    fill(database, grants, rows=3)
    of_token = {"token_sha256": "t", "scope": "", "claims": {}, "idle_until": NOON, "ends_at": NOON}
    with writing(database) as connection:
        connection.execute(
            sa.insert(refresh_tokens), [{"grant_id": f"{one}", **of_token} for one in range(2)]
        )
        connection.execute(sa.update(grants).where(grants.c.id == "0").values(granted_at=LATER))
    assert SqlGrants(database).purge(LATER) == 2
    with reading(database) as connection:
        assert connection.execute(sa.select(refresh_tokens.c.grant_id)).scalars().all() == ["0"]


def test_what_is_still_to_be_told_stays(database: Engine) -> None:
    fill(database, sessions, rows=2)
    with writing(database) as connection:
        connection.execute(sa.update(sessions).where(sessions.c.sid == "1").values(tell_at=LATER))
    assert SqlOpenSessions(database).purge(LATER + timedelta(days=1)) == 1
    assert left(database, sessions) == 1


def purge_all(database: Engine) -> int:
    gone = 0
    while rows := SqlStore(database, FixedClock(LATER)).purge(100):
        gone += rows
    return gone


def test_workers_that_purge_at_once_do_not_wait_for_each_other_and_delete_each_row_once(
    database_url: str, database: Engine
) -> None:
    fill(database, ephemeral, rows=600)
    gone = race(purge_all, open_database, database_url, threads=3)
    assert sum(rows * callers for rows, callers in gone.items()) == 600
    assert left(database, ephemeral) == 0
