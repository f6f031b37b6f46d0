"""The simulated morning: a queue whose waits can be reckoned by hand, and the table that docs/scale.md shows."""

import random

import pytest

from bench.arrivals import COSTS, Morning, arrivals, needed, needs, queue
from tests.demonstration import ROOT


def test_requests_wait_for_those_before_them_and_for_nobody_else() -> None:
    outcome = queue([(10.0, 2.0), (11.0, 1.0), (11.5, 1.0), (20.0, 1.0)], 600)
    assert outcome.waits == [0.0, 1000.0, 1500.0, 0.0]
    assert outcome.longest == 2


def test_worker_is_busy_by_what_it_computes_in_the_worst_minute() -> None:
    assert queue([(300.0 + second, 0.25) for second in range(-29, 30)], 600).busy == pytest.approx(
        59 * 0.25 / 60
    )


def test_each_worker_gets_its_share_of_every_flow_s_requests() -> None:
    rates = {"refresh": 100.0, "single sign-on": 10.0}
    found = arrivals(rates, 0.1, 600, random.Random("a"))
    # A bell: fewer off the worst minute than in it.
    assert 0.7 * 600 * 13 < len(found) < 600 * 13
    assert found == sorted(found)


def test_morning_is_as_many_as_it_assumes() -> None:
    rates = Morning(1_000_000, come_that_day=0.5, in_that_hour=0.36, worst_minute=2.0).rates()
    assert sum(rates[name] for name in Morning(1).doors) == pytest.approx(100)
    assert rates.keys() == COSTS.keys()
    cores, *_ = needs({"refresh": 1000.0})
    assert cores == pytest.approx(0.84)


def test_page_shows_what_the_script_reckons() -> None:
    assert needed() in (ROOT / "docs" / "scale.md").read_text("utf-8")
