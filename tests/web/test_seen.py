"""The address that arrives here is told to who proves the application key, and to nobody else."""

from datetime import timedelta

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from idp.web.caller_address import Warnings
from idp.web.network import CallerNetworks
from idp.web.seen import HEADER, Seen, proof
from tests.fakes import FixedClock

KEY = b"k" * 32


def asking(given: str, forwarded: str | None = "192.0.2.7") -> Request:
    headers = {HEADER: given} | ({} if forwarded is None else {"X-Forwarded-For": forwarded})
    return Request(EnvironBuilder(headers=headers).get_environ())


def seen_at(clock: FixedClock) -> Seen:
    return Seen(KEY, clock, CallerNetworks(trusted_proxy_hops=1, warnings=Warnings(clock)))


def test_who_proves_the_key_hears_the_address_that_counts() -> None:
    clock = FixedClock()
    given = proof(KEY, clock.now())
    assert seen_at(clock).told(asking(given, "10.0.0.1, 192.0.2.7")) == {"seen": "192.0.2.7"}
    assert seen_at(clock).told(asking(given, None)) == {"seen": ""}


@pytest.mark.parametrize("minutes", [-3, 3])
def test_a_proof_of_another_time_tells_nothing(minutes: int) -> None:
    clock = FixedClock()
    assert seen_at(clock).told(asking(proof(KEY, clock.now() + timedelta(minutes=minutes)))) == {}


@pytest.mark.parametrize(
    "given",
    [
        "",
        "x",
        "1",
        ".",
        "١٢٣.a",
        "9" * 400,
        "99999999999.a",
        "-5.a",
        "1767268800.é",
        "1767268800." + "0" * 64,
    ],
)
def test_what_is_no_proof_tells_nothing(given: str) -> None:
    assert seen_at(FixedClock()).told(asking(given)) == {}
    other = proof(b"another key", FixedClock().now())
    assert seen_at(FixedClock()).told(asking(other)) == {}
