"""Key sets behind a `jwks_uri`: fetched at need, kept for a while, one fetch at a time, no storm."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from idp.adapters.http.jwks_uri import FRESH, KEPT, PAUSE, FetchedKeySets
from idp.adapters.http.outbound import OutboundHttp
from idp.clients.key_sets import KeysUnavailable
from tests.adapters.http.far_machine import FarMachine, far_machine, say
from tests.fakes import FixedClock
from tests.limits import within

FIRST, SECOND = (ECKey.generate_key("P-256", {"kid": kid}).as_dict(private=False) for kid in ("1", "2"))


@pytest.fixture
def party() -> Iterator[FarMachine]:
    with far_machine() as machine:
        publish(machine, FIRST)
        yield machine


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def key_sets(clock: FixedClock) -> FetchedKeySets:
    return FetchedKeySets(OutboundHttp(["127.0.0.0/8"], total_seconds=2), clock)


def publish(machine: FarMachine, *keys: Any) -> None:
    machine.reply = say(json.dumps({"keys": list(keys)}).encode())


def address(machine: FarMachine, path: str = "/jwks") -> str:
    return f"http://127.0.0.1:{machine.port}{path}"


def test_keys_are_fetched_at_first_need_and_kept_while_fresh(
    party: FarMachine, key_sets: FetchedKeySets, clock: FixedClock
) -> None:
    assert party.seen == []
    for _ in range(3):
        assert key_sets.current(address(party)) == (FIRST,)
        clock.advance(seconds=FRESH.total_seconds() / 4)
    assert len(party.seen) == 1
    publish(party, SECOND)
    clock.advance(seconds=FRESH.total_seconds() / 4)
    assert key_sets.current(address(party)) == (SECOND,)
    assert len(party.seen) == 2


def test_each_address_has_keys_of_its_own(party: FarMachine, key_sets: FetchedKeySets) -> None:
    key_sets.current(address(party, "/a"))
    publish(party, SECOND)
    assert key_sets.current(address(party, "/b")) == (SECOND,)
    assert key_sets.current(address(party, "/a")) == (FIRST,)


def test_a_renewal_is_made_at_once_and_then_not_for_a_pause(
    party: FarMachine, key_sets: FetchedKeySets, clock: FixedClock
) -> None:
    key_sets.current(address(party))
    clock.advance(seconds=PAUSE.total_seconds())
    publish(party, SECOND)
    for _ in range(5):
        assert key_sets.renewed(address(party)) == (SECOND,)
    assert len(party.seen) == 2
    clock.advance(seconds=PAUSE.total_seconds() - 1)
    key_sets.renewed(address(party))
    assert len(party.seen) == 2
    clock.advance(seconds=1)
    key_sets.renewed(address(party))
    assert len(party.seen) == 3


def test_older_keys_are_kept_while_the_address_fails_but_not_for_ever(
    party: FarMachine, key_sets: FetchedKeySets, clock: FixedClock
) -> None:
    key_sets.current(address(party))
    party.reply = say(b"", 503)
    clock.advance(seconds=KEPT.total_seconds() - 1)
    assert key_sets.current(address(party)) == (FIRST,)
    assert key_sets.renewed(address(party)) == (FIRST,)
    assert len(party.seen) == 2
    clock.advance(seconds=1)
    with pytest.raises(KeysUnavailable):
        key_sets.current(address(party))


def test_a_failing_address_is_not_asked_again_within_the_pause(
    party: FarMachine, key_sets: FetchedKeySets, clock: FixedClock
) -> None:
    party.reply = say(b"", 500)
    for _ in range(4):
        with pytest.raises(KeysUnavailable):
            key_sets.current(address(party))
        with pytest.raises(KeysUnavailable):
            key_sets.renewed(address(party))
    assert len(party.seen) == 1
    publish(party, FIRST)
    clock.advance(seconds=PAUSE.total_seconds())
    assert key_sets.current(address(party)) == (FIRST,)


@pytest.mark.parametrize(
    ("status", "media_type", "body"),
    [
        (200, "text/html", b'{"keys": []}'),
        (200, "application/json", b"<html>"),
        (200, "application/json", b""),
        (200, "application/json", b"[]"),
        (200, "application/json", b'{"keys": {}}'),
        (200, "application/json", b'{"keys": "x"}'),
        (200, "application/json", b"[" * 100_000),
        (200, "application/json", json.dumps({"keys": [FIRST] * 21}).encode()),
        (200, "application/json", b'{"keys": [], "x": "' + b"x" * 300_000 + b'"}'),
        (302, "application/json", json.dumps({"keys": [FIRST]}).encode()),
        (404, "application/json", json.dumps({"keys": [FIRST]}).encode()),
        (201, "application/json", json.dumps({"keys": [FIRST]}).encode()),
    ],
    ids=lambda part: str(part)[:20],  # keys differ in each worker, names may not
)
def test_what_is_no_key_set_brings_no_keys(
    party: FarMachine, key_sets: FetchedKeySets, status: int, media_type: str, body: bytes
) -> None:
    party.reply = say(body, status, media_type, Location="/elsewhere")
    with pytest.raises(KeysUnavailable):
        key_sets.current(address(party))
    assert len(party.seen) == 1


def test_keys_of_other_kinds_are_passed_over(party: FarMachine, key_sets: FetchedKeySets) -> None:
    party.reply = say(
        json.dumps(
            {
                "keys": [
                    OKPKey.generate_key("Ed25519").as_dict(private=False),
                    ECKey.generate_key("P-384").as_dict(private=False),
                    {"kty": "oct", "k": "c2VjcmV0"},
                    FIRST | {"d": "AQAB"},
                    {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
                    {"kty": "future", "x": 1},
                    7,
                    None,
                    FIRST,
                ]
            }
        ).encode(),
        media_type="application/jwk-set+json",
    )
    assert key_sets.current(address(party)) == (FIRST,)


def test_an_empty_set_withdraws_the_keys(
    party: FarMachine, key_sets: FetchedKeySets, clock: FixedClock
) -> None:
    key_sets.current(address(party))
    publish(party)
    clock.advance(seconds=FRESH.total_seconds())
    assert key_sets.current(address(party)) == ()


def test_a_key_that_costs_much_to_verify_by_is_passed_over(
    party: FarMachine, key_sets: FetchedKeySets
) -> None:
    key = RSAKey.generate_key(2048).as_dict(private=False)
    publish(party, key | {"n": "v" + "A" * 2000 + "B"}, key | {"e": key["n"]}, FIRST)
    assert key_sets.current(address(party)) == (FIRST,)


@pytest.mark.parametrize("method", ["current", "renewed"])
def test_those_who_come_together_cause_one_fetch(
    party: FarMachine, key_sets: FetchedKeySets, method: str
) -> None:
    together = threading.Barrier(8)

    def ask(_: int) -> Any:
        together.wait(within(5))
        return getattr(key_sets, method)(address(party))

    with ThreadPoolExecutor(8) as callers:
        assert list(callers.map(ask, range(8))) == [(FIRST,)] * 8
    assert len(party.seen) == 1


def test_who_has_older_keys_does_not_wait_for_the_fetch_of_another(
    party: FarMachine, key_sets: FetchedKeySets, clock: FixedClock
) -> None:
    key_sets.current(address(party))
    clock.advance(seconds=FRESH.total_seconds())
    asked, told, answer = threading.Event(), threading.Event(), say(json.dumps({"keys": [SECOND]}).encode())

    def slowly(handler: Any) -> None:
        asked.set()
        told.wait(within(5))
        answer(handler)

    party.reply = slowly
    with ThreadPoolExecutor(1) as other:
        fetching = other.submit(key_sets.current, address(party))
        assert asked.wait(within(5))
        assert key_sets.current(address(party)) == (FIRST,)
        assert not fetching.done()
        told.set()
        assert fetching.result(within(5)) == (SECOND,)


@pytest.mark.parametrize("method", ["current", "renewed"])
def test_nobody_waits_long_for_the_fetch_of_another(
    party: FarMachine, clock: FixedClock, method: str
) -> None:
    key_sets = FetchedKeySets(OutboundHttp(["127.0.0.0/8"], total_seconds=within(10)), clock)
    asked, refused, answer = threading.Event(), threading.Event(), party.reply

    def slowly(handler: Any) -> None:
        asked.set()
        refused.wait(within(5))
        answer(handler)

    party.reply = slowly
    with ThreadPoolExecutor(1) as other:
        fetching = other.submit(key_sets.current, address(party))
        assert asked.wait(within(5))
        with pytest.raises(KeysUnavailable):
            getattr(key_sets, method)(address(party))
        assert not fetching.done()
        refused.set()
        assert fetching.result(within(10)) == (FIRST,)


def test_an_address_inside_is_never_called(party: FarMachine, clock: FixedClock) -> None:
    with pytest.raises(KeysUnavailable):
        FetchedKeySets(OutboundHttp(), clock).current(address(party))
    assert party.seen == []
