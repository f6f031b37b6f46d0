"""Which sessions an incident ends, on SQLite and PostgreSQL; and that each ends whole, once."""

import ipaddress
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.account import AccountId
from idp.accounts.grants import Grant, GrantSpent, SessionEnded
from idp.accounts.incident import Criteria, kept_address
from idp.accounts.open_sessions import OpenSession, Origin
from idp.accounts.refresh import RefreshToken
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.incidents import SqlIncidents
from idp.adapters.sql.open_sessions import SqlOpenSessions
from idp.adapters.sql.refresh_tokens import SqlRefreshTokens
from idp.adapters.sql.schema import ended_sessions, grants, logout_notices
from idp.adapters.sql.session_schema import sessions
from idp.adapters.sql.work import SqlUnitOfWork
from tests.contracts.specimens import ALICE, NOON, an_account

BOB = AccountId("account-2")
NOW = NOON + timedelta(minutes=30)
HEARS = ("via",)


def minutes(number: int) -> datetime:
    return NOON + timedelta(minutes=number)


def begin(database: Engine, sid: str, *, address: str = "192.0.2.7", **changes: Any) -> None:
    told: dict[str, Any] = {
        "account_id": ALICE,
        "started_at": NOON,
        "door": "psc",
        "ends_at": NOON + timedelta(hours=4),
        **changes,
    }
    kept = kept_address(ipaddress.ip_address(address)) if address else ""
    SqlOpenSessions(database).note(OpenSession(sid=sid, origin=Origin(address=kept), **told))


def grant(database: Engine, sid: str, client_id: str, at: datetime = NOON, **changes: Any) -> str:
    """One that was redeemed, with a refresh token that lives. Returns its id."""
    named = f"{sid} {client_id}"
    given = Grant(id=named, sid=sid, client_id=client_id, granted_at=at, **{"account_id": ALICE, **changes})
    SqlGrants(database).add(given)
    SqlGrants(database).redeem(named, at)
    ends_at = NOON + timedelta(hours=4)
    token = RefreshToken(
        grant_id=named, token_sha256=named, scope="openid", claims={}, idle_until=ends_at, ends_at=ends_at
    )
    SqlRefreshTokens(database).add(token)
    return named


@pytest.fixture
def house(database: Engine) -> Engine:
    """Seven sessions: what each is about is its name."""
    for number in (1, 2):
        SqlAccounts(database).add(an_account(number))
    begin(database, "psc")
    grant(database, "psc", "via", minutes(5))
    begin(database, "password of bob", account_id=BOB, door="password", address="203.0.113.9")
    grant(database, "password of bob", "grand-age", minutes(20), account_id=BOB)
    begin(database, "password, then card", door="password", address="203.0.113.9")
    begin(database, "password, then card", door="cps", address="203.0.113.9")
    begin(database, "late", started_at=minutes(20), address="2001:db8:5:6::7")
    begin(database, "of no address", address="")
    begin(database, "over", ends_at=minutes(10))
    grant(database, "of the grant alone", "via", minutes(2))
    begin(database, "signed out")
    grant(database, "signed out", "via")
    SqlGrants(database).end_session("signed out", NOON, ())
    return database


def network(text: str) -> dict[str, Any]:
    return {"network": ipaddress.ip_network(text)}


CHOSEN = {
    "everything": (
        {"since": NOON - timedelta(days=1)},
        "psc|password of bob|password, then card|late|of no address|of the grant alone",
    ),
    "an application": ({"client_id": "via"}, "psc|of the grant alone"),
    "an application, since": ({"client_id": "via", "since": minutes(3)}, "psc"),
    "an application of nobody": ({"client_id": "nobody"}, ""),
    "a door": ({"door": "password"}, "password of bob|password, then card"),
    "the last door too": ({"door": "cps"}, "password, then card"),
    "a network": (network("203.0.113.0/24"), "password of bob|password, then card"),
    "an address is its network": (network("203.0.113.200/32"), "password of bob|password, then card"),
    "a wide network": (network("203.0.0.0/8"), "password of bob|password, then card"),
    "the network beside it": (network("203.0.112.0/24"), ""),
    "an IPv6 network": (network("2001:db8:5::/64"), "late"),
    "all of IPv4": (network("0.0.0.0/0"), "psc|password of bob|password, then card"),
    "since": ({"since": minutes(15)}, "late|password of bob"),
    "a door and since": ({"door": "password", "since": minutes(15)}, "password of bob"),
    "a door and an application": ({"door": "password", "client_id": "grand-age"}, "password of bob"),
    "a door and another application": ({"door": "password", "client_id": "via"}, ""),
    "a network and a door": ({**network("203.0.113.0/24"), "door": "cps"}, "password, then card"),
}


@pytest.mark.parametrize(("told", "chosen"), CHOSEN.values(), ids=CHOSEN)
def test_what_meets_all_criteria_ends_and_nothing_else(
    house: Engine, told: dict[str, Any], chosen: str
) -> None:
    expected = set(filter(None, chosen.split("|")))
    incidents, criteria = SqlIncidents(house), Criteria(**told)
    reach = incidents.reach(criteria, NOW, HEARS)
    with SqlUnitOfWork(house).together():
        sids, people = incidents.end(criteria, NOW, HEARS)
    assert set(sids) == expected
    assert (reach.sessions, reach.people) == (len(expected), len(people))
    assert set(people) == {BOB if "bob" in sid else ALICE for sid in expected}
    assert incidents.reach(criteria, NOW, HEARS).sessions == 0


def test_each_ends_whole_and_its_listeners_get_a_notice(house: Engine) -> None:
    also = grant(house, "psc", "grand-age", minutes(6))
    criteria = Criteria(client_id="via")
    reach = SqlIncidents(house).reach(criteria, NOW, HEARS)
    assert (reach.sessions, reach.living, reach.people) == (2, 1, 1)
    assert (reach.grants, reach.refresh_tokens, reach.notices, reach.listeners) == (3, 3, 2, 1)
    with SqlUnitOfWork(house).together():
        SqlIncidents(house).end(criteria, NOW, HEARS)
    with house.connect() as connection:
        revoked = connection.execute(sa.select(grants.c.id).where(grants.c.revoked_at == NOW)).scalars()
        assert set(revoked) == {"psc via", also, "of the grant alone via"}
        notices = connection.execute(sa.select(logout_notices.c.sid, logout_notices.c.client_id)).all()
        assert {tuple(row) for row in notices} == {("psc", "via"), ("of the grant alone", "via")}
    with pytest.raises(SessionEnded):
        grant(house, "psc", "late-comer")


def test_a_code_on_its_way_is_not_redeemed_any_more(house: Engine) -> None:
    late = Grant(id="code", account_id=ALICE, client_id="via", sid="psc", granted_at=NOW)
    SqlGrants(house).add(late)
    with SqlUnitOfWork(house).together():
        SqlIncidents(house).end(Criteria(door="psc"), NOW, HEARS)
    with pytest.raises(GrantSpent):
        SqlGrants(house).redeem("code", NOW)


def test_nothing_ends_when_its_unit_of_work_fails(house: Engine) -> None:
    def fail() -> None:
        with SqlUnitOfWork(house).together():
            SqlIncidents(house).end(Criteria(client_id="via"), NOW, HEARS)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert SqlIncidents(house).reach(Criteria(client_id="via"), NOW, HEARS).sessions == 2


def test_two_at_once_and_a_sign_out_end_each_session_once(house: Engine) -> None:
    def end() -> list[str]:
        with SqlUnitOfWork(house).together():
            return list(SqlIncidents(house).end(Criteria(since=NOON), NOW, HEARS)[0])

    def sign_out() -> list[str]:
        return ["psc"] if SqlGrants(house).end_session("psc", NOW, HEARS).is_first else []

    with ThreadPoolExecutor(3) as threads:
        racing = [threads.submit(act) for act in (end, sign_out, end)]
        ended = [sid for one in racing for sid in one.result()]
    assert len(ended) == len(set(ended)) == 6
    with house.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(ended_sessions)).scalar() == 7


def test_a_row_of_the_version_before_is_found_by_its_door_and_keeps_it(house: Engine) -> None:
    with house.begin() as connection:
        connection.execute(
            sa.update(sessions).where(sessions.c.sid == "password of bob").values(doors="", address="")
        )
    by_password = Criteria(door="password")
    assert SqlIncidents(house).reach(by_password, NOW, ()).sessions == 2
    begin(house, "password of bob", account_id=BOB, door="cps")
    assert SqlIncidents(house).reach(by_password, NOW, ()).sessions == 2
