"""What the audit trail says of where an event comes from, and of a person who has no account yet."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.test import TestResponse

from idp.adapters.sql.audit_reading import Asked, SqlAuditTrail
from idp.core.audit_record import AuditRecord
from idp.wiring.audit import build_audit_people
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.flows.test_enrolment import FIRST, NEW_RPPS, finish
from tests.protocol.psc import by_psc, listening, person, settings_of
from tests.provider import PASSWORD, RPPS, Browser, Provider

UNKNOWN = "10000000025"


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.lie = person(NEW_RPPS)
        yield psc


@dataclass
class Behind(Browser):
    """Behind the operator's proxy, as that writes its address after what the browser sent."""

    address: str = "2001:db8:1:2::7"

    def get(self, path: str, **options: Any) -> TestResponse:
        return super().get(path, headers={"X-Forwarded-For": f"203.0.113.9, {self.address}"}, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        return super().post(path, headers={"X-Forwarded-For": f"203.0.113.9, {self.address}"}, **options)


def trail(house: Provider, *events: str) -> Sequence[AuditRecord]:
    found = SqlAuditTrail(house.database).search(Asked(events=events), 100)
    return [stored.record for stored in found]


def try_password(house: Provider, rpps: str, password: str) -> Browser:
    browser = Behind(house)
    browser.submit(browser.follow(browser.authorize()), "/password", rpps=rpps, password=password)
    return browser


def test_an_attempt_without_account_is_found_by_its_rpps_and_names_it_nowhere(
    app_factory: Callable[..., Provider],
) -> None:
    house = app_factory(trusted_proxy_hops=1)
    try_password(house, UNKNOWN, "pas le bon")
    try_password(house, RPPS, "pas le bon")
    unknown, wrong = trail(house, "password:check:refused")
    person_of = build_audit_people(house.settings).of
    assert (unknown.account_id, unknown.person) == (None, person_of(UNKNOWN))
    assert (wrong.account_id, wrong.person) == (house.account.id, None)
    assert UNKNOWN not in unknown.line()


def test_a_person_who_waits_is_found_by_their_rpps(app_factory: Callable[..., Provider]) -> None:
    house = app_factory(password_free_tries=1)
    for _ in range(3):
        try_password(house, RPPS, "pas le bon")
    (*_, waited) = trail(house, "password:check:throttled")
    # Counted before any account is looked up.
    assert waited.person == build_audit_people(house.settings).of(RPPS)


@pytest.mark.parametrize(
    ("setting", "shown"),
    [("whole", "2001:db8:1:2::7"), ("network", "2001:db8:1::/48"), ("none", None)],
)
def test_the_address_is_the_one_that_the_proxy_tells_as_short_as_the_operator_wants(
    app_factory: Callable[..., Provider], setting: str, shown: str | None
) -> None:
    house = app_factory(trusted_proxy_hops=1, audit_address=setting)
    try_password(house, RPPS, PASSWORD)
    (accepted,) = trail(house, "password:check:accepted")
    assert (accepted.network and accepted.network.address) == shown


def test_a_session_is_one_browsing_through_single_sign_on(fresh: Provider) -> None:
    browser = fresh.browser()
    fresh.exchange(browser.sign_in())
    browser.sign_in()
    (started,) = trail(fresh, "session:start:accepted")
    assert started.browsing is not None
    assert {one.browsing for one in trail(fresh, "code:*")} == {started.browsing}
    # Before the session, by what the browser is known by; joined by the sign-in.
    (password,) = trail(fresh, "password:check:accepted")
    assert password.browsing not in (None, started.browsing)
    assert password.interaction_id == started.interaction_id


def test_an_enrolment_names_the_person_then_the_account(
    psc: HostilePsc, app_factory: Callable[..., Provider]
) -> None:
    house = app_factory(**settings_of(psc), enrolment_from_psc=True)
    browser = house.browser()
    finish(house, browser, by_psc(browser, psc), FIRST)
    account = house.accounts.find_by_rpps(NEW_RPPS)
    assert account is not None
    (proved,) = trail(house, "psc:login:accepted")
    (completed,) = trail(house, "enrolment:complete:accepted")
    assert (proved.account_id, proved.person) == (None, build_audit_people(house.settings).of(NEW_RPPS))
    assert (completed.account_id, completed.person) == (account.id, None)


def test_a_refusal_by_pro_sante_connect_has_the_reference_of_its_page(
    psc: HostilePsc, app_factory: Callable[..., Provider]
) -> None:
    house = app_factory(**settings_of(psc))
    psc.lie = person("1")
    by_psc(house.browser(), psc)
    (refused,) = trail(house, "psc:login:refused")
    incident = str(refused.facts["incident"])
    assert [
        stored.record for stored in SqlAuditTrail(house.database).search(Asked(reference=incident), 9)
    ] == [refused]
