"""The signing keys of Pro Santé Connect through a rotation and a flood of forged tokens; an answer is a dictionary."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from idp.adapters.http.bounded import HttpAnswer, NoUsableAnswer
from idp.adapters.psc.signing_keys import Allowance, SigningKeys, read_signing_keys
from idp.interaction.upstream import UpstreamUnavailable
from tests.adapters.psc.hostile_psc import STRANGER_JWK, public_jwk
from tests.fakes import FixedClock
from tests.made_once import rsa_key

JWKS = "https://psc.test/certs"
PAUSE = timedelta(seconds=30)


def jwk(kid: str | None, **members: Any) -> dict[str, Any]:
    named = {**STRANGER_JWK, "kid": kid, **members}
    return {name: value for name, value in named.items() if value is not None}


#: Another key than that of `jwk`.
OTHER = {"n": public_jwk(rsa_key("psc"))["n"]}


@dataclass
class Published:
    """`BoundedHttp` that answers with these keys."""

    keys: list[dict[str, Any]]
    is_down: bool = False
    calls: int = 0

    def get(self, url: str, headers: Mapping[str, str]) -> HttpAnswer:
        self.calls += 1
        if self.is_down:
            raise NoUsableAnswer("silence")
        return HttpAnswer(
            status=200, media_type="application/json", body=json.dumps({"keys": self.keys}).encode()
        )

    def post_form(self, url: str, form: str, headers: Mapping[str, str]) -> HttpAnswer:
        raise AssertionError(url)


@dataclass
class World:
    http: Published
    clock: FixedClock = field(default_factory=FixedClock)
    sign_ins: Allowance = field(default_factory=Allowance)
    logouts: Allowance = field(default_factory=Allowance)

    def __post_init__(self) -> None:
        self.keys = SigningKeys(self.http, self.clock, PAUSE)

    def finds(self, kid: str | None, allowance: Allowance | None = None) -> bool:
        return self.keys.find(JWKS, allowance or self.sign_ins, kid) is not None


@pytest.fixture
def world() -> World:
    begun = World(Published([jwk("one")]))
    assert begun.finds("one")
    return begun


def test_rotation_within_the_pause_costs_one_fetch_more(world: World) -> None:
    world.clock.advance(seconds=5)
    world.http.keys.append(jwk("two", **OTHER))
    assert world.finds("two")
    assert world.http.calls == 2


def test_forged_token_does_not_start_the_pause_of_a_genuine_one(world: World) -> None:
    world.clock.advance(minutes=5)
    assert not world.finds("forged", world.logouts)
    world.http.keys.append(jwk("two", **OTHER))
    assert world.finds("two", world.logouts)


def test_the_same_unknown_kid_again_costs_no_fetch_within_the_pause(world: World) -> None:
    for _ in range(9):
        assert not world.finds("never-seen")
    assert world.http.calls == 2
    world.clock.advance(seconds=30)
    assert not world.finds("never-seen")
    assert world.http.calls == 3


def test_two_unknown_kids_in_turn_cost_one_fetch_each(world: World) -> None:
    for _ in range(9):
        assert not world.finds("a")
        assert not world.finds("b")
    assert world.http.calls == 3


def test_flood_of_forged_logout_tokens_is_bounded_and_stops_no_sign_in(world: World) -> None:
    for number in range(4):
        assert not world.finds(f"forged-{number}", world.logouts)
    for number in range(4, 50):
        # Not refused: nobody knows whether it is genuine.
        with pytest.raises(UpstreamUnavailable, match="too often"):
            world.finds(f"forged-{number}", world.logouts)
    assert world.http.calls == 5
    world.http.keys.append(jwk("two", **OTHER))
    assert world.finds("two")


def test_allowance_comes_back_after_a_minute(world: World) -> None:
    for number in range(4):
        world.finds(f"forged-{number}", world.logouts)
    # The pause lets one of these by; the next one needs the allowance again.
    world.clock.advance(seconds=59)
    assert not world.finds("forged-5", world.logouts)
    with pytest.raises(UpstreamUnavailable):
        world.finds("forged-6", world.logouts)
    world.clock.advance(seconds=1)
    assert not world.finds("forged-6", world.logouts)


def test_known_key_is_used_while_the_allowance_is_used_up(world: World) -> None:
    for number in range(4):
        world.finds(f"forged-{number}")
    with pytest.raises(UpstreamUnavailable):
        world.finds("forged-4")
    assert world.finds("one")


def test_unknown_kid_while_the_keys_cannot_be_had_is_not_judged(world: World) -> None:
    world.http.is_down = True
    for _ in range(3):
        with pytest.raises(UpstreamUnavailable, match="silence"):
            world.finds("two")
    assert world.http.calls == 2
    world.http.is_down = False
    world.clock.advance(seconds=30)
    assert not world.finds("two")


# A token without `kid` (OpenID Connect Core §10.1).


ONE_FITS: Mapping[str, list[dict[str, Any]]] = {
    "one key": [jwk("one")],
    "one key without a name": [jwk(None)],
    "one key published twice": [jwk("one"), jwk("one")],
    "one key beside others for other uses": [
        jwk("enc", use="enc"),
        jwk("one"),
        jwk("other", alg="PS256"),
        {"kty": "EC"},
    ],
}


@pytest.mark.parametrize("keys", ONE_FITS.values(), ids=ONE_FITS)
def test_token_without_kid_is_verified_by_the_only_key_that_fits(keys: list[dict[str, Any]]) -> None:
    assert World(Published(keys)).finds(None)


SEVERAL_FIT: Mapping[str, list[dict[str, Any]]] = {
    "two names": [jwk("one"), jwk("two", **OTHER)],
    "two keys under one name": [jwk("one"), jwk("one", **OTHER)],
    "two keys without a name": [jwk(None), jwk(None, **OTHER)],
}


@pytest.mark.parametrize("keys", SEVERAL_FIT.values(), ids=SEVERAL_FIT)
def test_token_without_kid_is_refused_while_several_keys_fit(keys: list[dict[str, Any]]) -> None:
    world = World(Published(keys))
    for _ in range(3):
        assert not world.finds(None)
    assert world.http.calls == 1


def test_only_key_of_tokens_without_kid_is_not_used_longer_than_the_pause(world: World) -> None:
    """Such a token cannot tell that the key is another one now."""
    assert world.finds(None)
    world.http.keys = [jwk("one"), jwk("two", **OTHER)]
    world.clock.advance(seconds=30)
    assert not world.finds(None)
    assert world.http.calls == 2


def test_token_with_a_kid_is_never_verified_by_a_key_without_one() -> None:
    assert not World(Published([jwk(None)])).finds("one")


# What is published at this moment, for a sign-out.


def test_keys_of_this_moment_are_those_of_the_last_pause(world: World) -> None:
    world.http.keys = [jwk("two")]
    assert world.keys.published(JWKS).find("one")
    world.clock.advance(seconds=30)
    assert not world.keys.published(JWKS).find("one")
    assert world.http.calls == 2


def test_keys_of_this_moment_are_not_those_of_before_an_outage(world: World) -> None:
    world.http.is_down = True
    world.clock.advance(seconds=30)
    for _ in range(3):
        with pytest.raises(UpstreamUnavailable):
            world.keys.published(JWKS)
    assert world.http.calls == 2


def test_operator_reads_which_keys_there_are() -> None:
    assert list(read_signing_keys({"keys": [jwk("one"), jwk(None, **OTHER), 7]}).kids) == [
        "one",
        "without kid",
    ]
