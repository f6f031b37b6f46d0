"""PostgreSQL ends the connection of a request between what it read and its commit: nothing of it is there afterwards,
the person is told, and goes on; also where Redis has counted it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from idp.app import assemble
from idp.wiring.parts import build_parts
from tests.configured import changed
from tests.faults import assert_told, rows
from tests.flows.acts import ACTS, KNOWN, LIMITS, Act, Person, prepare
from tests.limits import eventually
from tests.protocol.psc import listening, settings_of
from tests.provider import Provider, audited, enrol, templates, write_house
from tests.servers import RunningServer

__all__ = ["templates"]
_WAITING = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = 'caducee' AND datname = current_database() AND wait_event_type = 'Lock'"
)


@pytest.fixture
def house_of(
    postgresql_url: str, opened: Callable[[str], Engine], templates: Path, tmp_path: Path
) -> Iterator[Callable[..., Person]]:
    with listening() as psc, ExitStack() as closing:
        psc.lie = KNOWN

        def make(**servers: str) -> Person:
            files = write_house(tmp_path, templates, **settings_of(psc), enrolment_from_psc=True, **LIMITS)
            settings = changed(files, database=postgresql_url, **servers)
            database = opened(postgresql_url)
            account, parts = enrol(settings, database), build_parts(settings)
            closing.callback(parts.database.dispose)
            house = Provider(assemble(parts), settings, database, account)
            prepare(house)
            return Person(house, psc)

        yield make


def cut_off(url: str, request: Callable[[], TestResponse]) -> TestResponse:
    """The answer, where the server ends the connection that has written everything but its audit event."""
    with ThreadPoolExecutor(1) as caller, psycopg.connect(url) as blocker, capture_logs():
        blocker.execute("LOCK TABLE audit_events IN EXCLUSIVE MODE")
        pending = caller.submit(request)
        with psycopg.connect(url, autocommit=True) as operator:
            # Or the server ends the statement by itself, where the machine is slow.
            assert eventually(
                lambda: bool(operator.execute(_WAITING).fetchall()) or pending.done(), seconds=5, every=0.01
            )
        answer = pending.result()
        blocker.rollback()
    return answer


@pytest.mark.parametrize(
    "act",
    [act for act in ACTS if act.name in ("charter", "psc_sign_in", "enrolment_end", "new_password")],
    ids=lambda act: act.name,
)
def test_request_that_is_cut_off_before_its_commit_leaves_nothing_and_is_done_afterwards(
    house_of: Callable[..., Person], act: Act, postgresql_url: str
) -> None:
    person = house_of()
    browser = person.house.browser()
    request = getattr(person, act.name)(browser)

    def present() -> set[tuple[str, str]]:
        with person.house.database.connect() as connection:
            return rows(connection.exec_driver_sql)

    def changed_since(before: set[tuple[str, str]]) -> frozenset[str]:
        return frozenset(name for name, _row in before ^ present())

    before = present()
    assert_told(cut_off(postgresql_url, request))
    assert changed_since(before) == frozenset().union(*act.commits[:-1])
    again = getattr(person, act.again) if act.again else lambda _browser: request()
    assert again(browser).status_code in (200, 303)
    assert changed_since(before) == frozenset().union(*act.commits)


def test_mail_that_redis_counted_and_nobody_gets_costs_no_wait(
    house_of: Callable[..., Person], postgresql_url: str, redis: RunningServer
) -> None:
    person = house_of(redis=redis.url)
    browser = person.house.browser()
    resend = person.resend(browser)
    assert_told(cut_off(postgresql_url, resend))
    assert browser.follow(resend()).status_code == 200
    assert audited(person.house).count("mail_code:send:accepted") == 2
