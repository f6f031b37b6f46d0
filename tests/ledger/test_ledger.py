"""A part of `make faults`, and whether the ledger would see it if something were lost."""

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from tests.cluster import Cluster
from tests.journeys import gestures as do
from tests.journeys.own_party import OwnParty
from tests.ledger.after import Judge
from tests.ledger.book import Issued, Ledger, Outcome
from tests.ledger.kinds import Kind
from tests.ledger.region import Region
from tests.ledger.run import CARDS, HURTS, Run
from tests.ledger.visitors import ByPsc

DOORS = ("card", "mail code", "psc")

#: `make faults` kills and races thirty times as often, and its people rest half as long: what the servers do to them
#: is the same, and every one of these seconds is one of a processor.
KILLS, RACES, LEISURE = 30, 300, 2.0


@pytest.fixture(scope="module")
def run(region: Cluster) -> Run:
    """Everything was done to the servers, and they run again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", str(region.ready["ca_bundle"]))
        run = Run.on(Region(region), seed=1, seconds=0.3, leisure=LEISURE)
        with run.people():
            run.suffer_everything()
            run.kill(KILLS)
            run.wait_for_races(RACES)
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
    assert run.ledger.void
    for act in ("redeem", "refresh", "revoke", "change address", *(f"sign in by {by}" for by in DOORS)):
        assert run.ledger.whole.of(Outcome.ACKNOWLEDGED, act=act), act
    for act in ("redeem", "refresh again", "guess a password"):
        assert run.ledger.whole.of(Outcome.REFUSED, act=act), act


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
    party = OwnParty.of(run.region.cluster)
    browser = run.region.cluster.browser("martin")
    alive = ByPsc(run.region.cluster, Ledger(), run.turnstile, martin, card="martin")
    with browser:
        party.ask(browser)
        token = alive.tokens_for(party, do.by_card(browser))["refresh_token"]
    ledger.revoke(party.client_id, token), ledger.void.append((party.client_id, token))
    found = judged.findings()
    for promise in ("single-use", "grant", "`sub`", "postal address", "revocation", "epoch", "counter"):
        assert any(promise in told.partition(":")[0] for told in found), promise


def test_an_answer_that_was_not_clear_may_have_been_done_or_not() -> None:
    ledger = Ledger()
    ledger.address("r", "first", Outcome.ACKNOWLEDGED)
    ledger.address("r", "second", Outcome.UNKNOWN)
    ledger.address("r", "third", Outcome.REFUSED)
    assert ledger.addresses["r"] == ["first", "second"]
    ledger.address("r", "fourth", Outcome.ACKNOWLEDGED)
    assert ledger.addresses["r"] == ["fourth"]


def test_a_damage_that_hurt_nobody_is_told(run: Run) -> None:
    harmless = Kind(do=lambda _damage, _operating: nullcontext(), felt=lambda _window: False)
    again = replace(run, ledger=Ledger(), felt_within=0.0)
    again.suffer("a nap", harmless)
    assert again.ledger.violations == [f"{HURTS}: a nap hurt nobody"]


def test_what_a_backup_may_have_lost_is_not_asked_for_and_what_anybody_held_is_void() -> None:
    ledger = Ledger()
    before = Issued(client_id="c", rpps="r", sub="s", sid="before")
    ledger.issue(before), ledger.address("r", "before", Outcome.ACKNOWLEDGED), ledger.was_wrong("r")
    ledger.hold("c", "token")
    mark = ledger.mark()
    ledger.issue(before), ledger.address("r", "after", Outcome.ACKNOWLEDGED), ledger.was_wrong("r")
    ledger.restored(mark)
    assert (ledger.issued, ledger.addresses) == ([before], {"r": ["before", "after"]})
    assert (ledger.wrong["r"], ledger.void, ledger.held) == (1, [("c", "token")], [])
