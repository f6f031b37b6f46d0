"""The database goes away at each statement of each page in turn: what is there afterwards is whole."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.faults import Faults, Tables, fail_at_each_statement, faulty_connections
from tests.flows.acts import ACTS, KNOWN, LIMITS, Act, Person, prepare
from tests.protocol.psc import listening, settings_of
from tests.provider import Provider


@dataclass
class World:
    person: Person
    faults: Faults
    tables: Tables


@pytest.fixture(scope="module")
def world(app_factory: Callable[..., Provider]) -> Iterator[World]:
    with listening() as psc, faulty_connections() as faults:
        house = app_factory(**settings_of(psc), enrolment_from_psc=True, **LIMITS)
        prepare(house)
        tables = Tables.of(house.settings)
        tables.keep()
        yield World(Person(house, psc), faults, tables)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.name)
def test_what_is_there_after_a_failure_is_whole_and_the_person_goes_on(world: World, act: Act) -> None:
    world.tables.put_back()
    world.person.psc.lie, world.person.psc.now = KNOWN, int(time.time())
    browser = world.person.house.browser()
    request = getattr(world.person, act.name)(browser)
    again = getattr(world.person, act.again) if act.again else None
    fail_at_each_statement(browser, request, act.commits, world.faults, again)
