"""An epoch begins while the provider serves: what was begun before opens nothing at the next request, on every node."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from werkzeug.test import Client, TestResponse

from idp.adapters.sql.database import writing
from idp.adapters.sql.epochs import Ended, begin_epoch
from idp.adapters.sql.schema import ephemeral
from idp.core.ephemeral import Kind
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.flows.test_enrolment import FIRST, NEW_RPPS, TYPED
from tests.protocol.psc import by_psc, facts, listening, person, settings_of
from tests.provider import ISSUER, PASSWORD, RP, RPPS, SECRETS, Browser, Provider, basic
from tests.servers import redis_server

REFRESHING = "[authorization_code, refresh_token]"


def begin(house: Provider) -> Ended:
    with writing(house.database) as connection:
        return begin_epoch(connection, datetime.now(UTC), (), "operator")


def refresh(house: Provider, token: str) -> TestResponse:
    return Client(house.app, TestResponse).post(
        "/token",
        base_url=ISSUER,
        data={"grant_type": "refresh_token", "refresh_token": token},
        headers=basic(RP, SECRETS[RP]),
    )


@pytest.fixture(params=["sql", "redis"])
def house(request: pytest.FixtureRequest, app_factory: Callable[..., Provider]) -> Iterator[Provider]:
    if request.param == "sql":
        yield app_factory().register(RP, grant_types=REFRESHING)
    else:
        with redis_server() as server:
            yield app_factory(redis=server.url).register(RP, grant_types=REFRESHING)


def test_sessions_codes_and_tokens_of_before_are_void_and_the_person_signs_in_anew(house: Provider) -> None:
    browser, other = house.browser(), house.browser()
    tokens = house.exchange(browser.sign_in()).get_json()
    code = other.sign_in()
    assert house.userinfo(tokens["access_token"]).status_code == 200
    begin(house)
    assert house.userinfo(tokens["access_token"]).status_code == 401
    assert refresh(house, tokens["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert house.exchange(code).get_json()["error"] == "invalid_grant"
    assert "/choice" in browser.authorize().headers["Location"]
    assert "error=login_required" in browser.authorize(prompt="none").headers["Location"]
    again = house.exchange(browser.sign_in()).get_json()
    assert house.userinfo(again["access_token"]).status_code == 200
    assert refresh(house, again["refresh_token"]).status_code == 200


def test_a_password_typed_before_leads_to_no_code_and_its_code_by_mail_is_void(house: Provider) -> None:
    browser = house.browser()
    page = browser.submit(browser.follow(browser.authorize()), "/password", rpps=RPPS, password=PASSWORD)
    code = house.last_code()
    begin(house)
    answer = browser.submit(page, "/email_otp", code=code)
    assert answer.status_code == 200
    assert "/choice" in answer.request.path
    with house.database.connect() as connection:
        kinds = set(connection.execute(sa.select(ephemeral.c.kind)).scalars())
    assert str(Kind.MAIL_CODE) not in kinds


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.lie = person(NEW_RPPS)
        yield psc


def form_of(browser: Browser, psc: HostilePsc) -> TestResponse:
    return browser.submit(by_psc(browser, psc), "/enrolment", email=FIRST, **TYPED)


def test_who_was_identified_before_an_epoch_makes_no_account_in_it(
    psc: HostilePsc, app_factory: Callable[..., Provider]
) -> None:
    house = app_factory(**settings_of(psc), enrolment_from_psc=True)
    browser = house.browser()
    page = form_of(browser, psc)
    begin(house)
    page = browser.submit(page, "/email_otp/resend")
    page = browser.submit(page, "/email_otp", code=house.last_code())
    assert "/choice" in page.request.path
    assert house.accounts.find_by_rpps(NEW_RPPS) is None
    assert [fact["reason"] for fact in facts(house, "enrolment:complete:refused")] == ["epoch_ended"]
    # Who is identified from now on is enrolled, and goes on to the charter.
    again = house.browser()
    page = again.submit(form_of(again, psc), "/email_otp", code=house.last_code())
    assert "Charte" in page.text
    assert house.accounts.find_by_rpps(NEW_RPPS) is not None
