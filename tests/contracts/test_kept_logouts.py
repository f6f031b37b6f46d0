"""The contract of `KeptLogouts`, on SQLite and PostgreSQL. Leases: `test_logouts`, `test_outbox`."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from idp.adapters.sql import kept_logouts as adapter
from idp.adapters.sql.database import reading
from idp.adapters.sql.kept_logout_schema import kept_logouts
from idp.adapters.sql.kept_logouts import SqlKeptLogouts
from idp.core.sealing import Sealer, derive_key
from tests.contracts.specimens import LATER, NOON

SEALER = Sealer(derive_key("k", "seal"))


@pytest.fixture
def kept(database: Engine) -> SqlKeptLogouts:
    return SqlKeptLogouts(database, SEALER)


def rows(kept: SqlKeptLogouts) -> int:
    with reading(kept.database) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(kept_logouts)).scalar_one()


def test_token_is_leased_to_one_worker_and_forgotten(kept: SqlKeptLogouts) -> None:
    assert kept.lease_next(NOON) is None
    assert kept.keep("a.b.c", NOON)
    held = kept.lease_next(LATER)
    assert held is not None
    assert (held.token, held.received_at) == ("a.b.c", NOON)
    assert "a.b.c" not in repr(held)
    assert kept.lease_next(LATER) is None
    kept.forget(held)
    assert rows(kept) == 0


def test_token_of_a_worker_that_died_goes_to_the_next(kept: SqlKeptLogouts) -> None:
    kept.keep("a.b.c", NOON)
    dead = kept.lease_next(NOON)
    assert dead is not None
    assert kept.lease_next(NOON + timedelta(seconds=59)) is None
    assert kept.lease_next(NOON + timedelta(seconds=60))
    kept.forget(dead)
    assert rows(kept) == 1


def test_token_that_cannot_be_judged_waits(kept: SqlKeptLogouts) -> None:
    kept.keep("a.b.c", NOON)
    held = kept.lease_next(NOON)
    assert held is not None
    kept.postpone(held, NOON + timedelta(seconds=10))
    assert kept.lease_next(NOON + timedelta(seconds=9)) is None
    again = kept.lease_next(NOON + timedelta(seconds=10))
    assert again is not None
    assert again.received_at == NOON


def test_same_token_is_kept_once(kept: SqlKeptLogouts) -> None:
    assert all(kept.keep("a.b.c", NOON) for _ in range(3))
    assert rows(kept) == 1


def test_no_more_are_kept_than_may_be(kept: SqlKeptLogouts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "MOST", 2)
    assert [kept.keep(f"t{number}", NOON) for number in range(3)] == [True, True, False]
    assert rows(kept) == 2


def test_database_has_no_token_in_clear(kept: SqlKeptLogouts) -> None:
    kept.keep("a.b.c", NOON)
    with reading(kept.database) as connection:
        assert "a.b.c" not in str(connection.execute(sa.select(kept_logouts)).one())


def test_token_of_another_application_key_is_forgotten(database: Engine, kept: SqlKeptLogouts) -> None:
    kept.keep("a.b.c", NOON)
    assert SqlKeptLogouts(database, Sealer(derive_key("other", "seal"))).lease_next(NOON) is None
    assert rows(kept) == 0
