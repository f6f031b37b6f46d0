"""Many tabs at one instant, all from one session of Pro Santé Connect: its end must find every one of them."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Engine

from idp.adapters.sql.store import SqlStore
from idp.core.clock import SystemClock
from idp.core.ephemeral import EphemeralStore
from idp.interaction.session import Session
from idp.interaction.store import random_token
from idp.interaction.upstream_sessions import close_upstream, remember_upstream
from tests.contracts.races import CALLERS, open_store, race
from tests.fakes import NOON
from tests.people import ALICE, an_event

LIFE = timedelta(hours=4)


def remember_one(store: EphemeralStore) -> str:
    event = replace(an_event("psc"), upstream_sid="theirs")
    remember_upstream(
        store,
        Session(sid=random_token(), account_id=ALICE, events=(event,), started_at=NOON, last_seen_at=NOON),
        LIFE,
    )
    return "remembered"


def test_sessions_that_begin_at_one_instant_are_all_known(database: Engine, database_url: str) -> None:
    assert race(remember_one, open_store, database_url) == {"remembered": CALLERS}
    assert len(close_upstream(SqlStore(database, SystemClock()), "theirs", LIFE)) == CALLERS
