"""Userinfo as a signed JWT (Core §5.3.2): read when it is right, refused by its name, and never an outage."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from idp.adapters.psc.provider import PscProvider
from idp.interaction.upstream import UpstreamRefusal, UpstreamRefused
from tests.adapters.psc.chosen import psc_chosen, psc_provider
from tests.adapters.psc.hostile_psc import (
    CLIENT_ID,
    CLIENT_SECRET,
    RPPS,
    SIGNERS,
    Handler,
    HostilePsc,
    Lie,
    Reply,
    b64u,
    changed,
    hostile_psc,
    say_text,
)
from tests.fakes import FixedClock


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def psc(clock: FixedClock) -> Iterator[HostilePsc]:
    with hostile_psc(clock.at.timestamp()) as server:
        yield server


@pytest.fixture
def provider(psc: HostilePsc, clock: FixedClock) -> PscProvider:
    settings = psc_chosen(
        issuer=psc.issuer,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        watch_wallet=False,
        circuit_failures=1,
    )
    return psc_provider(settings, clock=clock, run=lambda act: None)


def signed(
    claims: Mapping[str, object] = {},
    header: Mapping[str, object] = {},
    by: str = "psc",
    media_type: str = "application/jwt",
) -> Reply:
    """The honest userinfo as Keycloak signs it, but for these members."""

    def reply(handler: Handler) -> None:
        psc = handler.psc
        told = changed({"iss": psc.issuer, "aud": CLIENT_ID, **psc.userinfo()}, claims)
        head = changed({"alg": "RS256", "typ": "JWT", "kid": psc.kid}, header)
        message = ".".join(b64u(json.dumps(part).encode()) for part in (head, told))
        token = f"{message}.{b64u(SIGNERS[by](message.encode()))}"
        say_text(token, media_type)(handler)

    return reply


def sign_in(provider: PscProvider, psc: HostilePsc, clock: FixedClock) -> Any:
    request = provider.begin(fresh=False)
    return provider.complete(psc.authorize(request.url), request.pending, now=clock.at)


@pytest.mark.parametrize(
    "reply",
    [
        signed(),
        signed({"aud": [CLIENT_ID]}),
        signed(media_type="application/jwt; charset=utf-8"),
        signed({"exp": 4102444800}),
    ],
)
def test_signed_userinfo_is_read(
    provider: PscProvider, psc: HostilePsc, clock: FixedClock, reply: Reply
) -> None:
    psc.lie = Lie(instead={"userinfo": reply})
    login = sign_in(provider, psc, clock)
    assert (login.rpps, login.given_name) == (RPPS, "KIT")
    (asked,) = [one for one in psc.seen if one.endpoint == "userinfo"]
    assert asked.headers["Accept"] == "application/json, application/jwt"


REFUSED: Mapping[str, tuple[str, Callable[[], Reply]]] = {
    "unsigned": (
        'userinfo: alg "none", expected RS256',
        lambda: signed(header={"alg": "none"}, by="nobody"),
    ),
    "another algorithm": ('userinfo: alg "ES512", expected RS256', lambda: signed(header={"alg": "ES512"})),
    "a stranger's": ("userinfo: signature", lambda: signed(by="a stranger")),
    "an unknown key": ('userinfo: kid "k-9" is not', lambda: signed(header={"kid": "k-9"})),
    "another issuer": (
        'userinfo: iss "https://evil.example"',
        lambda: signed({"iss": "https://evil.example"}),
    ),
    "no issuer": ("userinfo: iss none", lambda: signed({"iss": ...})),
    "another audience": ('userinfo: aud "other"', lambda: signed({"aud": "other"})),
    "no audience": ("userinfo: aud none", lambda: signed({"aud": ...})),
    "over": ("userinfo: exp", lambda: signed({"exp": 1})),
    "end in words": ("userinfo: exp", lambda: signed({"exp": "soon"})),
    "somebody else's": ("userinfo: sub", lambda: signed({"sub": "f:x:899700218896"})),
    "encrypted": ("userinfo: an encrypted JWT", lambda: say_text("a.b.c.d.e", "application/jwt")),
    "no JWT": ("userinfo: size or form", lambda: say_text("<html>", "application/jwt")),
    "nothing": ("userinfo: size or form", lambda: say_text("", "application/jwt")),
    "of another charset": ("userinfo: size or form", lambda: say_text("é.b.c", "application/jwt")),
}


@pytest.mark.parametrize(("detail", "reply"), REFUSED.values(), ids=REFUSED)
def test_signed_userinfo_that_does_not_verify_is_refused_by_its_name_and_no_outage(
    provider: PscProvider, psc: HostilePsc, clock: FixedClock, detail: str, reply: Callable[[], Reply]
) -> None:
    psc.lie = Lie(instead={"userinfo": reply()})
    with pytest.raises(UpstreamRefused) as caught:
        sign_in(provider, psc, clock)
    assert caught.value.reason is UpstreamRefusal.REFUSED
    assert detail in str(caught.value)
    assert RPPS not in str(caught.value)
    assert not provider.is_out()
    assert provider.health().failures == {}
