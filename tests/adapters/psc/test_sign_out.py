"""Where the browser ends its session at Pro Santé Connect, and where it must not be sent."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from idp.adapters.http.bounded import SafeHttp
from idp.adapters.psc.provider import PscProvider
from idp.interaction.upstream import UpstreamUnavailable
from idp.settings.psc import PscSettings
from tests.adapters.psc.chosen import psc_chosen, psc_provider
from tests.adapters.psc.hostile_psc import (
    CLIENT_ID,
    CLIENT_SECRET,
    RPPS,
    STRANGER_JWK,
    HostilePsc,
    Lie,
    Reply,
    hang_up,
    hostile_psc,
    say_json,
    say_status,
    say_text,
)
from tests.fakes import FixedClock

OUT = "https://caducee.example/out?x=1"
QUICK = SafeHttp(connect_seconds=0.5, total_seconds=0.5)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def psc(clock: FixedClock) -> Iterator[HostilePsc]:
    with hostile_psc(clock.now().timestamp()) as server:
        yield server


def settings_for(psc: HostilePsc, **changes: Any) -> PscSettings:
    known = {"issuer": psc.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    return psc_chosen(**{**known, **changes})


def provider_of(psc: HostilePsc, clock: FixedClock, **changes: Any) -> PscProvider:
    """Its looks run at once, and one failure is enough."""
    settings = settings_for(psc, **{"circuit_failures": 1, **changes})
    return psc_provider(settings, clock=clock, http=QUICK, run=lambda act: act())


@pytest.fixture
def provider(psc: HostilePsc, clock: FixedClock) -> PscProvider:
    return provider_of(psc, clock)


def signed_in(provider: PscProvider, psc: HostilePsc, clock: FixedClock) -> str:
    """Somebody signed in, an hour ago: their ID token, which has expired."""
    request = provider.begin(fresh=False)
    login = provider.complete(psc.authorize(request.url), request.pending, now=clock.now())
    assert login.rpps == RPPS
    clock.advance(hours=1)
    psc.now = clock.now().timestamp()
    return login.id_token


def asked(url: str | None) -> dict[str, list[str]]:
    assert url is not None
    return parse_qs(urlsplit(url).query)


def test_address_carries_the_hint_the_return_and_the_state(
    provider: PscProvider, psc: HostilePsc, clock: FixedClock
) -> None:
    id_token = signed_in(provider, psc, clock)
    url = provider.logout_url(id_token, return_url=OUT, state="s t")
    assert str(url).startswith(f"{psc.issuer}/protocol/openid-connect/logout?")
    assert asked(url) == {
        "id_token_hint": [id_token],
        "post_logout_redirect_uri": [OUT],
        "state": ["s t"],
    }


BY_NAME = {"client_id": [CLIENT_ID], "post_logout_redirect_uri": [OUT], "state": ["s"]}


def test_key_withdrawn_since_is_no_hint(provider: PscProvider, psc: HostilePsc, clock: FixedClock) -> None:
    """Keycloak answers 400 to it, and the person is stuck there."""
    id_token = signed_in(provider, psc, clock)
    psc.kid = "psc-2"
    assert asked(provider.logout_url(id_token, return_url=OUT, state="s")) == BY_NAME


def test_key_withdrawn_a_moment_ago_is_no_hint(
    provider: PscProvider, psc: HostilePsc, clock: FixedClock
) -> None:
    """Also while our own copy of the keys would still verify it."""
    id_token = signed_in(provider, psc, clock)
    request = provider.begin(fresh=False)
    provider.complete(psc.authorize(request.url), request.pending, now=clock.now())
    psc.kid = "psc-2"
    clock.advance(seconds=30)
    assert asked(provider.logout_url(id_token, return_url=OUT, state="s")) == BY_NAME


def test_token_of_another_registration_of_ours_is_no_hint(
    provider: PscProvider, psc: HostilePsc, clock: FixedClock
) -> None:
    id_token = signed_in(provider, psc, clock)
    renamed = provider_of(psc, clock, client_id="caducee-2")
    assert asked(renamed.logout_url(id_token, return_url=OUT, state="s"))["client_id"] == ["caducee-2"]


def test_token_of_another_issuer_is_no_hint(psc: HostilePsc, clock: FixedClock) -> None:
    provider = provider_of(psc, clock)
    id_token = signed_in(provider, psc, clock)
    psc.issuer = psc.issuer.replace("127.0.0.1", "localhost")
    moved = provider_of(psc, clock, discovery_url=psc.discovery_url())
    assert "id_token_hint" not in asked(moved.logout_url(id_token, return_url=OUT, state="s"))


@pytest.mark.parametrize("id_token", [None, "", "a.b.c", "not a token"])
def test_token_that_cannot_be_read_is_no_hint(id_token: str | None, provider: PscProvider) -> None:
    assert asked(provider.logout_url(id_token, return_url=OUT, state="s")) == BY_NAME


UNREACHABLE: dict[str, Lie] = {
    "it publishes no address": Lie(discovery={"end_session_endpoint": ...}),
    "nothing is published": Lie(instead={"discovery": say_status(503)}),
    "its keys cannot be had": Lie(instead={"jwks": hang_up}),
    "its address is down": Lie(instead={"logout": say_status(503)}),
    "its address says nothing": Lie(instead={"logout": hang_up}),
    "it asks to come later": Lie(instead={"logout": say_status(429)}),
}


@pytest.mark.parametrize("lie", UNREACHABLE.values(), ids=UNREACHABLE)
def test_nobody_is_sent_where_the_session_cannot_be_ended(
    lie: Lie, provider: PscProvider, psc: HostilePsc, clock: FixedClock
) -> None:
    id_token = signed_in(provider, psc, clock)
    psc.lie = lie
    clock.advance(hours=1)
    assert provider.logout_url(id_token, return_url=OUT, state="s") is None


@pytest.mark.parametrize("endpoint", ["token", "userinfo"])
def test_nobody_is_sent_into_an_outage_that_sign_ins_met(
    endpoint: str, provider: PscProvider, psc: HostilePsc, clock: FixedClock
) -> None:
    id_token = signed_in(provider, psc, clock)
    psc.lie = Lie(instead={endpoint: say_status(503)})
    request = provider.begin(fresh=False)
    with pytest.raises(UpstreamUnavailable):
        provider.complete(psc.authorize(request.url), request.pending, now=clock.now())
    assert provider.logout_url(id_token, return_url=OUT, state="s") is None


ALIVE: dict[str, Reply] = {
    "a question": say_text("<html>Se déconnecter ?", "text/html"),
    "a refusal": say_text("<html>Paramètre manquant", "text/html", 400),
    "nothing there": say_json({}, 404),
}


@pytest.mark.parametrize("reply", ALIVE.values(), ids=ALIVE)
def test_any_answer_that_is_no_outage_is_one(reply: Reply, provider: PscProvider, psc: HostilePsc) -> None:
    psc.lie = Lie(instead={"logout": reply})
    assert provider.logout_url(None, return_url=OUT, state="s") is not None


def test_sign_out_that_is_down_shuts_no_door(
    provider: PscProvider, psc: HostilePsc, clock: FixedClock
) -> None:
    """And it is found by those who read the metrics, before a person meets it."""
    signed_in(provider, psc, clock)
    psc.lie = Lie(instead={"logout": say_status(503)})
    health = provider.health()
    assert (health.is_out, provider.is_out()) == (False, False)
    assert health.failures == {f"{psc.issuer}/protocol/openid-connect/logout": 1}
    assert provider.begin(fresh=False).url


def test_sign_out_comes_back_alone(provider: PscProvider, psc: HostilePsc, clock: FixedClock) -> None:
    psc.lie = Lie(instead={"logout": say_status(503)})
    assert provider.logout_url(None, return_url=OUT, state="s") is None
    looks = psc.calls("logout")
    assert provider.logout_url(None, return_url=OUT, state="s") is None
    assert psc.calls("logout") == looks  # Nobody hammers it.
    psc.lie = Lie()
    clock.advance(seconds=30)
    assert provider.logout_url(None, return_url=OUT, state="s") is not None


def test_address_that_this_machine_cannot_reach_is_not_looked_at(psc: HostilePsc, clock: FixedClock) -> None:
    psc.lie = Lie(instead={"logout": hang_up})
    provider = provider_of(psc, clock, watch_wallet=False)
    provider.health()
    assert provider.logout_url(None, return_url=OUT, state="s") is not None
    assert psc.calls("logout") == 0


def test_sign_outs_in_a_row_cost_one_fetch_of_the_keys(
    provider: PscProvider, psc: HostilePsc, clock: FixedClock
) -> None:
    id_token = signed_in(provider, psc, clock)
    before = psc.calls("jwks")
    for _ in range(5):
        assert provider.logout_url(id_token, return_url=OUT, state="s")
    assert psc.calls("jwks") == before + 1


# Logout tokens.


def test_logout_token_passes_a_rotation(provider: PscProvider, psc: HostilePsc, clock: FixedClock) -> None:
    provider.verify_logout(psc.logout_token(), now=clock.now())
    psc.kid = "psc-2"
    assert provider.verify_logout(psc.logout_token(), now=clock.now()).sid


def test_logout_token_without_kid_is_verified_by_the_only_key(
    provider: PscProvider, psc: HostilePsc, clock: FixedClock
) -> None:
    nameless = Lie(header={"kid": ...})
    assert provider.verify_logout(psc.logout_token(nameless), now=clock.now()).sid
    psc.lie = Lie(keys={"keys": [*psc.jwks()["keys"], STRANGER_JWK]})
    clock.advance(seconds=30)
    psc.now = clock.now().timestamp()
    with pytest.raises(Exception, match="kid"):
        provider.verify_logout(psc.logout_token(nameless), now=clock.now())


@pytest.mark.parametrize(
    "names",
    [{"sid": "a b"}, {"sid": " "}, {"sid": ..., "sub": "f:1 2:8"}, {"sid": "s" * 1024}, {"jti": "é 1"}],
    ids=str,
)
def test_names_of_every_allowed_character_are_read(
    names: dict[str, Any], provider: PscProvider, psc: HostilePsc, clock: FixedClock
) -> None:
    """RFC 6749 A.1: a space is one of them."""
    logout = provider.verify_logout(psc.logout_token(**names), now=clock.now())
    told = {"jti": logout.jti, "sid": logout.sid, "sub": logout.subject}
    assert {name: told[name] for name in names} == {
        name: None if value is ... else value for name, value in names.items()
    }


def test_garbage_costs_no_call(provider: PscProvider, psc: HostilePsc, clock: FixedClock) -> None:
    for token in ("a.b.c", "x" * 20_000, "", psc.logout_token(Lie(header={"alg": "none"}))):
        with pytest.raises(Exception, match="ID token"):
            provider.verify_logout(token, now=clock.now())
    assert psc.seen == []
