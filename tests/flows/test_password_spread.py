"""One password against many numbers, at the door: that network is slow, and nobody's door is shut."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from idp.accounts.account import AccountId
from idp.adapters.sql.schema import ephemeral
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.flows.test_password import Behind, alert, counters, doors
from tests.people import an_account, an_identity
from tests.protocol.psc import by_psc, facts, listening, person, settings_of
from tests.provider import PASSWORD, RPPS, Browser, Provider, answer_of, audited

ATTACKER, ELSEWHERE = "203.0.113.66", "192.0.2.7"
#: Valid numbers that nobody here has, but for the first.
NUMBERS = [RPPS, *(f"100000{number:05}" for number in range(1, 40))]
GUESS = "Printemps-2026 !"


@pytest.fixture
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.lie = person()
        yield psc


@pytest.fixture
def make(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Callable[..., Provider]:
    told: dict[str, Any] = {"password_spread_people": 4, "password_spread_forms": 2, "trusted_proxy_hops": 1}
    return lambda **changes: app_factory(**settings_of(psc), **{**told, **changes})


def type_in(browser: Browser, rpps: str = RPPS, password: str = GUESS) -> TestResponse:
    return browser.submit(browser.follow(browser.authorize()), "/password", rpps=rpps, password=password)


def guess(house: Provider, numbers: list[str], address: str = ATTACKER) -> list[int]:
    return [type_in(Behind(house, address), rpps).status_code for rpps in numbers]


def test_after_so_many_persons_the_network_is_slow_whoever_is_guessed_at(
    make: Callable[..., Provider],
) -> None:
    house = make()
    assert guess(house, NUMBERS[:4]) == [422] * 4
    # Two more, then no more in this minute.
    assert guess(house, NUMBERS[4:6]) == [422] * 2
    before = counters(house)
    known, unknown = (type_in(Behind(house, ATTACKER), rpps) for rpps in (RPPS, NUMBERS[30]))
    assert (known.status_code, unknown.status_code) == (429, 429)
    assert known.headers["Retry-After"] == unknown.headers["Retry-After"] == "60"
    assert alert(known) == alert(unknown)
    assert "depuis ce réseau" in alert(known)
    assert "1\u00a0minute" in known.text
    # No try of anybody was used up, and the other doors are there.
    assert counters(house) == before
    assert doors(known) > {"password"}
    (told,) = facts(house, "password:spread:warned")
    assert told == {"scope": "network", "people": 4}
    assert facts(house, "password:check:throttled") == [{"reason": "slowed", "seconds": 60}] * 2


def test_no_persons_door_is_shut_by_it(make: Callable[..., Provider], psc: HostilePsc) -> None:
    house = make()
    known = Behind(house, ATTACKER)
    known.sign_in()
    guess(house, NUMBERS[1:9])
    # The right password is not looked at either, from a browser that was never this person's.
    assert type_in(Behind(house, ATTACKER), password=PASSWORD).status_code == 429
    # In a browser where it was right before it is, in the same network.
    known.client.delete_cookie("__Host-session")
    assert "code" in answer_of(known.prove(known.follow(known.authorize(prompt="login"))))
    # From elsewhere in any browser.
    assert "code" in answer_of(_entered(Behind(house, ELSEWHERE)))
    # And by Pro Santé Connect from there.
    assert "code" in answer_of(by_psc(Behind(house, ATTACKER), psc))


def _entered(browser: Browser) -> TestResponse:
    return browser.prove(browser.follow(browser.authorize()))


def test_people_who_mistype_and_then_type_it_right_slow_nothing_down(make: Callable[..., Provider]) -> None:
    house = make()
    people = NUMBERS[:6]
    for number, rpps in enumerate(people[1:], start=2):
        house.accounts.add(
            an_account(
                id=AccountId(f"account-{number}"),
                subject=f"subject-{number}",
                identity=an_identity(rpps=rpps),
                email=f"{number}@hopital.example",
                password_hash=house.account.password_hash,
                charter_revision=None,
            )
        )
    for rpps in people:
        assert type_in(Behind(house, ATTACKER), rpps).status_code == 422
        assert type_in(Behind(house, ATTACKER), rpps, PASSWORD).status_code == 200
    assert "password:spread:warned" not in audited(house)


def test_a_browser_that_a_person_has_used_before_is_not_counted(make: Callable[..., Provider]) -> None:
    house = make()
    own = Behind(house, ATTACKER)
    assert own.sign_in()
    page = own.follow(own.authorize(prompt="login"))
    assert own.submit(page, "/password", rpps=RPPS, password=GUESS).status_code == 422
    # Four persons of others, and two more forms: it is none of them.
    assert guess(house, NUMBERS[:6]) == [422] * 6
    assert guess(house, NUMBERS[6:7]) == [429]


def test_where_the_proxy_tells_no_address_nobody_is_slow(make: Callable[..., Provider]) -> None:
    house = make(password_spread_house=5)
    assert guess(house, NUMBERS[:8], "") == [422] * 8
    assert facts(house, "password:spread:warned") == [{"scope": "house", "people": 5, "usual": 0}]


def test_no_number_is_written_down(make: Callable[..., Provider]) -> None:
    house = make()
    guess(house, NUMBERS[:5])
    with house.database.connect() as connection:
        kept = str(connection.execute(sa.select(ephemeral)).all())
    assert not [rpps for rpps in NUMBERS[:5] if rpps in kept]
