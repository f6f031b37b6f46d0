"""What a sign-in costs does not grow with the number of people (facts/security L11)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import Pool

from tests.provider import RP, SECRETS, Provider, basic


@contextmanager
def statements() -> Iterator[set[str]]:
    """Every statement of any SQLite database of this process, its values written in, as SQLite itself tells it."""
    seen: set[str] = set()
    told: list[Any] = []

    def keep(statement: str) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            seen.add(statement)

    def listen(connection: Any, _record: Any, _proxy: Any) -> None:
        connection.set_trace_callback(keep)
        told.append(connection)

    event.listen(Pool, "checkout", listen)
    try:
        yield seen
    finally:
        event.remove(Pool, "checkout", listen)
        for connection in told:
            connection.set_trace_callback(None)


def plan(house: Provider, statement: str) -> str:
    with house.database.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")
        return "; ".join(str(row[-1]) for row in rows)


def test_no_step_of_a_sign_in_reads_every_account_grant_or_token(fresh: Provider) -> None:
    with statements() as seen:
        browser = fresh.browser()
        tokens = fresh.exchange(browser.sign_in(scope="openid profile")).get_json()
        assert fresh.userinfo(tokens["access_token"]).status_code == 200
        browser.client.post(
            "/introspect", data={"token": tokens["access_token"]}, headers=basic(RP, SECRETS[RP])
        )
        browser.get(f"/end_session?id_token_hint={tokens['id_token']}")
    plans = {statement: plan(fresh, statement) for statement in seen}
    assert len(plans) > 8
    assert any("FROM accounts" in statement for statement in plans)
    # Charters are a handful of rows; the oldest mail of the outbox is found in the order of its keys.
    scans = {
        statement: told
        for statement, told in plans.items()
        if "SCAN" in told and "charter_revisions" not in told and "outbox" not in told
    }
    assert not scans


def test_the_alarm_rings_for_a_scan(fresh: Provider) -> None:
    told = plan(fresh, "SELECT id FROM accounts WHERE family_name = 'x'")
    assert "SCAN" in told
    assert sa.inspect(fresh.database).has_table("accounts")
