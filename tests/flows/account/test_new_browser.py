"""The mail about a new browser: which sign-ins of which browsers are to be told, and what the mail says."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from idp.accounts.account import AccountId
from idp.accounts.open_sessions import OpenSession, OpenSessions
from idp.adapters.sql.open_sessions import SqlOpenSessions
from idp.adapters.sql.schema import accounts
from idp.adapters.sql.session_schema import sessions
from idp.wiring.resources import open_resources
from idp.wiring.worker import build_new_browsers
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.protocol.psc import by_psc, settings_of, subjects_of_mails
from tests.provider import PASSWORD, RPPS, Browser, Provider, answer_of

SUBJECT = "Connexion depuis un nouveau navigateur"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def make(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Callable[..., Provider]:
    """Its account is older than every sign-in, whatever the clock of this machine says."""

    def made(**changes: object) -> Provider:
        house = app_factory(**settings_of(psc), **changes)
        with house.database.begin() as connection:
            connection.execute(sa.update(accounts).values(created_at=LONG_AGO))
        return house

    return made


@pytest.fixture
def house(make: Callable[..., Provider]) -> Provider:
    return make()


def untold(house: Provider) -> list[str]:
    """The doors of the sign-ins that are still to be told."""
    return [one.door for one in SqlOpenSessions(house.database).untold(house.account.id)]


def forget(house: Provider) -> None:
    with house.database.begin() as connection:
        connection.execute(sa.update(sessions).values(tell_at=sa.null()))


def sign_out(browser: Browser) -> None:
    browser.submit(browser.get("/end_session"), "/confirm")


def test_the_first_sign_in_of_a_browser_is_told_in_five_minutes_and_no_later_one(house: Provider) -> None:
    browser = house.browser()
    browser.sign_in()
    (first,) = SqlOpenSessions(house.database).untold(house.account.id)
    assert first.tell_at is not None
    assert first.tell_at - first.started_at == timedelta(minutes=5)
    forget(house)
    sign_out(browser)
    browser.sign_in()
    assert untold(house) == []


def test_a_browser_known_by_one_door_is_known_by_each(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    assert answer_of(by_psc(browser, psc))["code"]
    assert untold(house) == ["psc"]
    forget(house)
    browser.get("/account/sessions")
    browser.client.delete_cookie("caducee_session", domain="localhost")
    browser.sign_in()
    assert untold(house) == []


def test_the_sign_in_of_our_own_pages_is_told_and_known_too(house: Provider) -> None:
    browser = house.browser()
    browser.prove(browser.follow(browser.get("/account/sign-in")))
    assert untold(house) == ["password"]
    forget(house)
    sign_out(browser)
    browser.sign_in()
    assert untold(house) == []


def test_a_right_password_without_the_code_makes_no_browser_known(house: Provider) -> None:
    browser = house.browser()
    page = browser.follow(browser.authorize())
    browser.submit(page, "/password", rpps=RPPS, password=PASSWORD)
    assert untold(house) == []
    browser.sign_in()
    assert untold(house) == ["password"]


def test_a_browser_that_keeps_no_cookie_is_new_each_time(house: Provider) -> None:
    browser = house.browser()
    browser.sign_in()
    forget(house)
    for name in ("session", "device"):
        browser.client.delete_cookie(f"caducee_{name}", domain="localhost")
    browser.sign_in()
    assert untold(house) == ["password"]


def test_on_a_shared_station_of_the_operator_nothing_is_told(make: Callable[..., Provider]) -> None:
    house = make(shared_stations=("192.0.2.0/24",))
    for address, told in (("192.0.2.7", []), ("203.0.113.7", ["password"])):
        browser = house.browser()
        here = {"REMOTE_ADDR": address}
        browser.client.open = partial(browser.client.open, environ_overrides=here)  # type: ignore[method-assign]
        browser.sign_in()
        assert untold(house) == told


def test_on_one_that_only_a_user_declared_each_sign_in_is_told(house: Provider) -> None:
    browser = house.browser()
    browser.submit(browser.get("/"), "/station")
    for _ in range(2):
        browser.sign_in()
        assert untold(house) == ["password"]
        forget(house)
        sign_out(browser)


def test_the_operator_may_have_none_of_it(make: Callable[..., Provider]) -> None:
    house = make(new_browser_notice=False)
    house.browser().sign_in()
    assert untold(house) == []


def test_one_mail_tells_of_all_and_holds_what_to_do(make: Callable[..., Provider], psc: HostilePsc) -> None:
    house = make(new_browser_notice_after=timedelta(microseconds=1), help_desk="03 20 00 00 00")
    house.browser().sign_in()
    assert answer_of(by_psc(house.browser(), psc))["code"]
    resources = open_resources(house.settings)
    worker = build_new_browsers(resources)
    worker.tell_due(lambda: True)  # It is told to stop.
    assert subjects_of_mails(house).count(SUBJECT) == 0
    for _ in range(2):
        worker.tell_due()
    assert subjects_of_mails(house).count(SUBJECT) == 1
    assert untold(house) == []
    resources.database.dispose()


def test_another_worker_that_told_all_of_it_leaves_nothing_to_tell(make: Callable[..., Provider]) -> None:
    house = make(new_browser_notice_after=timedelta(microseconds=1))
    house.browser().sign_in()
    resources = open_resources(house.settings)
    worker = build_new_browsers(resources)
    late = replace(worker, open_sessions=ToldMeanwhile(worker.open_sessions))
    late.tell_due()
    resources.database.dispose()
    assert subjects_of_mails(house).count(SUBJECT) == 0


class ToldMeanwhile:
    """What the worker finds when another one came first: the list of persons was read before."""

    def __init__(self, known: OpenSessions) -> None:
        self.to_tell = known.to_tell

    def untold(self, _account_id: AccountId) -> tuple[OpenSession, ...]:
        return ()
