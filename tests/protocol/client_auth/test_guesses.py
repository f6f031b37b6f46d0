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
    slowed = ask(RP, WRONG, "192.0.2.1")
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


def test_nobody_shuts_a_client_out_by_guessing_beside_it(app_factory: Callable[..., Provider]) -> None:
    """A page that somebody opens in the network of the application, or any caller behind one proxy, can send this."""
    house, here = app_factory(client_guesses_most=2, client_guesses_tries=1), "192.0.2.1"

    def revoke(**more: str) -> int:
        form, address = {"client_id": "public", "token": "x", **more}, {"REMOTE_ADDR": here}
        caller = Client(house.app, TestResponse)
        return caller.post("/revoke", base_url=ISSUER, data=form, environ_overrides=address).status_code

    for _ in range(6):
        introspect(house, RP, WRONG, here)
        revoke(client_secret=WRONG)
    for _ in range(3):
        assert introspect(house, RP, SECRETS[RP], here).status_code == 200
        assert revoke() == 200
        # Told once, however often the right ones come between.
        assert introspect(house, RP, WRONG, here).status_code == 429
    assert audited(house).count("client:authenticate:warned") == 2


class Networks:
    """Each request names the network that it comes from."""

    def of(self, request: Any) -> str:
        return str(request)


def counting(clock: FixedClock, store: MemoryStore, **limits: Any) -> Guesses:
    networks: Any = Networks()
    return Guesses(store=store, audit=RecordingAudit(), networks=networks, limits=GuessSettings(**limits))


def test_another_process_knows_and_time_ends_it() -> None:
    clock = FixedClock()
    store = MemoryStore(clock)
    first, second = (counting(clock, store, most=2, tries=1) for _ in range(2))
    request: Any = "a"
    client: Any = type("Known", (), {"client_id": "one"})
    for guesses in (first, second, first):
        guesses.refused(request, "one", client)
    for guesses in (first, second):
        with pytest.raises(Slowed):
            guesses.refused(request, "one", client)
        guesses.refused("b", "one", client)  # type: ignore[arg-type]
    clock.advance(minutes=1)
    first.refused(request, "one", client)
    clock.advance(minutes=10)
    for _ in range(3):
        first.refused(request, "one", client)
    told = [*first.audit.names(), *second.audit.names()]  # type: ignore[attr-defined]
    # From each of the two networks, and once more when the window was over.
    assert told == [AuditEvent.CLIENT_GUESSED] * 3
