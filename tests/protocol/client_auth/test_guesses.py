"""Credentials guessed at one client: counted by client and network, told once, slowed there and nowhere else."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from idp.core.audit import AuditEvent
from idp.protocol.client_auth.guesses import Guesses, Slowed
from idp.settings.client_guesses import GuessSettings
from tests.fakes import FixedClock, MemoryStore, RecordingAudit
from tests.logged import logged_here
from tests.provider import ISSUER, RP, SECRETS, Provider, audited, basic

WRONG = "wrong-secret-0123456789abcdef0123456789ab"


def introspect(provider: Provider, client: str, secret: str, network: str) -> TestResponse:
    return Client(provider.app, TestResponse).post(
        "/introspect",
        base_url=ISSUER,
        data={"token": "x"},
        headers=basic(client, secret),
        environ_overrides={"REMOTE_ADDR": network},
    )


def test_guessing_slows_that_network_for_that_client_and_is_told_once(
    app_factory: Callable[..., Provider],
) -> None:
    house = app_factory(client_guesses_most=3, client_guesses_tries=2)
    ask = partial(introspect, house)
    with logged_here() as lines:
        statuses = [ask(RP, WRONG, "192.0.2.1").status_code for _ in range(8)]
    assert statuses == [401, 401, 401, 401, 401, 429, 429, 429]
    assert audited(house).count("client:authenticate:warned") == 1
    assert [line["client_id"] for line in lines if line["event"] == "client_guessed"] == [RP]
    slowed = ask(RP, SECRETS[RP], "192.0.2.1")
    # What is not compared is not told right from wrong.
    assert (slowed.status_code, slowed.headers["Retry-After"]) == (429, "60")
    assert slowed.get_json()["error"] == "temporarily_unavailable"
    # The client from elsewhere, and another client from there.
    assert ask(RP, SECRETS[RP], "192.0.2.2").status_code == 200
    assert ask("grand-age", SECRETS["grand-age"], "192.0.2.1").status_code == 200


def test_a_client_that_there_is_not_is_slowed_alike_and_never_audited(
    app_factory: Callable[..., Provider],
) -> None:
    house = app_factory(client_guesses_most=2, client_guesses_tries=1)
    answers = [[introspect(house, client, WRONG, "192.0.2.3") for _ in range(5)] for client in (RP, "nobody")]
    known, unknown = [[answer.status_code for answer in some] for some in answers]
    assert known == unknown == [401, 401, 401, 429, 429]
    assert audited(house).count("client:authenticate:warned") == 1


class Networks:
    """Each request names the network that it comes from."""

    def of(self, request: Any) -> str:
        return str(request)


def counting(clock: FixedClock, store: MemoryStore, **limits: Any) -> Guesses:
    networks: Any = Networks()
    return Guesses(
        store=store, audit=RecordingAudit(), clock=clock, networks=networks, limits=GuessSettings(**limits)
    )


def test_the_right_secret_ends_it_and_so_does_time() -> None:
    clock = FixedClock()
    guesses = counting(clock, MemoryStore(clock), most=2, tries=1)
    request: Any = "a"
    client: Any = type("Known", (), {"client_id": "one"})
    for _ in range(2):
        guesses.refused(request, "one", client)
    guesses.admit(request, "one")
    guesses.right(request, "one")
    for _ in range(3):
        guesses.admit(request, "one")
    for _ in range(2):
        guesses.refused(request, "one", client)
    guesses.right(request, "another")
    guesses.admit(request, "one")
    with pytest.raises(Slowed):
        guesses.admit(request, "one")
    clock.advance(minutes=1)
    guesses.admit(request, "one")
    assert guesses.audit.names() == [AuditEvent.CLIENT_GUESSED] * 2  # type: ignore[attr-defined]


def test_another_process_learns_it_at_its_first_refusal() -> None:
    clock = FixedClock()
    store = MemoryStore(clock)
    first, second = (counting(clock, store, most=3, tries=1) for _ in range(2))
    request: Any = "a"
    for _ in range(3):
        first.refused(request, "one", None)
    second.admit(request, "one")
    second.refused(request, "one", None)
    second.admit(request, "one")
    with pytest.raises(Slowed):
        second.admit(request, "one")


def test_what_a_process_remembers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FixedClock()
    guesses = counting(clock, MemoryStore(clock), most=1)
    monkeypatch.setattr("idp.protocol.client_auth.guesses._MOST", 3)
    networks: list[Any] = list("abcdefghi")
    for network in networks:
        guesses.refused(network, "one", None)
    assert len(guesses.slow) == 3
