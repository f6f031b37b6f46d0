"""The database goes away at each statement of a sign-out, here, there or in the worker: what is there afterwards is
whole, and nobody is signed out without the notices that tell it."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest
import sqlalchemy as sa
from werkzeug.test import Client, TestResponse

from idp.accounts.logouts import NoticeState
from idp.adapters.sql.kept_logout_schema import kept_logouts
from idp.adapters.sql.kept_logouts import SqlKeptLogouts
from idp.adapters.sql.schema import logout_notices
from idp.core.ephemeral import StoreUnavailable
from idp.interaction.kept_logouts import KEPT_FOR
from idp.wiring.parts import build_parts
from idp.wiring.resources import open_resources
from idp.wiring.worker import build_kept_logout_judge
from tests.adapters.psc.hostile_psc import SID, HostilePsc
from tests.fakes import FixedClock
from tests.faults import (
    Faults,
    Tables,
    fail_at_each_statement,
    failures,
    faulty_connections,
    posting,
    together,
)
from tests.protocol.logout.test_backchannel import Desk
from tests.protocol.psc import SUBJECT, by_psc, listening, person, settings_of
from tests.provider import AFTER_LOGOUT, ISSUER, RP, Browser, Provider, answer_of, audited

ENDED = together("session:end:accepted", "ended_sessions", "grants", "logout_notices")


@dataclass
class World:
    """A person signed in by Pro Santé Connect at a relying party that is called at the end."""

    house: Provider
    psc: HostilePsc
    faults: Faults
    browser: Browser
    id_token: str


@pytest.fixture(scope="module")
def world(app_factory: Callable[..., Provider]) -> Iterator[World]:
    with listening() as psc, faulty_connections() as faults:
        honest = person()
        psc.lie = replace(honest, claims={**honest.claims, "sid": SID})
        house = app_factory(**settings_of(psc), psc_backchannel_logout=True)
        house.register(RP, backchannel_logout_uri="https://trajectoire.example/back")
        browser = house.browser()
        received = house.exchange(answer_of(by_psc(browser, psc))["code"]).json
        assert received is not None
        tables = Tables.of(house.settings)
        tables.keep()
        yield World(house, psc, faults, browser, received["id_token"])


@pytest.fixture(autouse=True)
def as_before(world: World) -> Iterator[None]:
    tables, cookies = Tables.of(world.house.settings), dict(world.browser.client._cookies or {})
    tables.keep()
    yield
    tables.put_back()
    world.browser.client._cookies = cookies


def test_sign_out_by_the_person_is_whole(world: World) -> None:
    page = world.browser.get(f"/end_session?post_logout_redirect_uri={AFTER_LOGOUT}&client_id={RP}")
    confirm = posting(world.browser, page, "/end_session/confirm")
    fail_at_each_statement(world.browser, confirm, (ENDED,), world.faults)


def test_sign_out_by_the_application_is_whole(world: World) -> None:
    path = f"/end_session?id_token_hint={world.id_token}&post_logout_redirect_uri={AFTER_LOGOUT}"
    fail_at_each_statement(world.browser, lambda: world.browser.get(path), (ENDED,), world.faults)


@pytest.mark.parametrize(
    ("named", "commits"),
    [({}, ENDED), ({"sid": ..., "sub": SUBJECT}, ENDED | {"accounts"})],
    ids=["the session", "the person"],
)
def test_sign_out_told_by_pro_sante_connect_is_whole(
    world: World, named: dict[str, object], commits: frozenset[str]
) -> None:
    def tell() -> int:
        token = world.psc.logout_token(**named)
        answer = Client(world.house.app, TestResponse).post(
            "/psc/backchannel_logout", base_url=ISSUER, data={"logout_token": token}
        )
        return answer.status_code

    tables = Tables.of(world.house.settings)
    for at, status, left in failures(tables, tell, (commits,), world.faults):
        assert status == (200 if at is None else 503), at
        if at is not None:
            assert tell() == 200
            assert commits <= tables.changed(), (at, left)


def settled(house: Provider) -> int:
    done = sa.select(sa.func.count()).where(logout_notices.c.state != NoticeState.WAITING)
    with house.database.connect() as connection:
        return int(connection.execute(done).scalar_one())


def test_notice_is_settled_with_its_audit_event(world: World) -> None:
    desk = Desk(world.house, audit=build_parts(world.house.settings).audit)
    desk.end_session(RP, sid="another")

    def work() -> None:
        with suppress(StoreUnavailable):
            desk.channel.deliver_next(RP)

    tables, told = Tables.of(world.house.settings), audited(world.house).count("logout:notify:accepted")
    commits = (
        together("logout_notices"),
        together("logout:notify:accepted"),
    )  # The lease is a step of its own.
    for _at, _none, _left in failures(tables, work, commits, world.faults):
        assert audited(world.house).count("logout:notify:accepted") - told == settled(world.house)


def test_refused_token_is_forgotten_with_its_audit_event(world: World) -> None:
    resources = open_resources(world.house.settings)
    now = resources.clock.now()
    SqlKeptLogouts(resources.database, resources.sealer).keep("no token", now)
    judge = build_kept_logout_judge(replace(resources, clock=FixedClock(now + KEPT_FOR)))
    assert judge is not None

    def work() -> None:
        with suppress(StoreUnavailable):
            judge.judge_due()

    def is_kept() -> bool:
        with world.house.database.connect() as connection:
            return connection.execute(sa.select(kept_logouts.c.id)).first() is not None

    tables, told = Tables.of(world.house.settings), audited(world.house).count("psc:logout:refused")
    commits = together("kept_logouts"), together("psc:logout:refused")  # The lease is a step of its own.
    for at, _none, _left in failures(tables, work, commits, world.faults):
        assert audited(world.house).count("psc:logout:refused") - told == (0 if is_kept() else 1), at
