"""A part of `make faults`, and whether the ledger would see it if something were lost."""

from typing import Any

import pytest

from tests.cluster import Cluster
from tests.ledger.after import Judge
from tests.ledger.book import Issued, Ledger, Outcome
from tests.ledger.region import Region
from tests.ledger.run import CARDS, Run

#: `make faults` kills a thousand times.
KILLS = 10


@pytest.fixture(scope="module")
def run(region: Cluster) -> Run:
    """Everything was done to the servers, and they run again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", str(region.ready["ca_bundle"]))
        run = Run.on(Region(region), seed=1, seconds=0.3)
        with run.people(CARDS):
            run.suffer_everything()
            run.kill(KILLS)
            run.heal()
            run.wait_for_races(100)
        return run


@pytest.fixture
def judged(run: Run, monkeypatch: pytest.MonkeyPatch) -> Judge:
    """A ledger of nothing, at what is there."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(run.region.cluster.ready["ca_bundle"]))
    return Judge(run.region, Ledger())


def test_whatever_is_done_to_the_servers_nothing_acknowledged_is_lost_and_nothing_is_used_twice(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(run.region.cluster.ready["ca_bundle"]))
    assert run.findings() == []
    for act in ("redeem", "refresh", "refresh again", "revoke", "change_address", "wrong password"):
        assert sum(run.ledger.counts[act, outcome] for outcome in Outcome), act


def issued(run: Run, **changes: Any) -> Issued:
    known = run.ledger.issued[0]
    return Issued(**{name: changes.get(name, getattr(known, name)) for name in Issued.__slots__})


def test_a_ledger_without_entries_finds_nothing(judged: Judge) -> None:
    assert judged.findings() == []


def test_what_would_be_lost_or_used_twice_is_found(run: Run, judged: Judge) -> None:
    ledger, (martin, benali) = judged.ledger, (run.region.cluster.card(card)["rpps"] for card in CARDS)
    ledger.used("code"), ledger.used("code")
    ledger.issue(issued(run, sid="never begun"))
    ledger.issue(issued(run, rpps=martin, sub="one"))
    ledger.issue(issued(run, rpps=benali, sub="one"))
    ledger.address(martin, "nowhere", Outcome.ACKNOWLEDGED)
    ledger.wrong[martin] = 1_000_000
    found = judged.findings()
    for promise in ("single-use", "grant", "`sub`", "postal address", "counter"):
        assert any(promise in told.partition(":")[0] for told in found), promise


def test_an_answer_that_was_not_clear_may_have_been_done_or_not() -> None:
    ledger = Ledger()
    ledger.address("r", "first", Outcome.ACKNOWLEDGED)
    ledger.address("r", "second", Outcome.UNKNOWN)
    ledger.address("r", "third", Outcome.REFUSED)
    assert ledger.addresses["r"] == ["first", "second"]
    ledger.address("r", "fourth", Outcome.ACKNOWLEDGED)
    assert ledger.addresses["r"] == ["fourth"]
