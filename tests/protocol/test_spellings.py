"""One value, one spelling: every reader of base64 and base64url, shown each other way to write what it would accept.

Contains the readers, each with an honest text, and the ways to spoil it (RFC 4648 §3). That there is no other decoder
is `tests/house/test_imports.py`. Not here: what else makes a token bad (`jwt_corpus`).
"""

import base64
import json
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey, RSAKey
from pyop.exceptions import InvalidAuthenticationRequest
from pyop.message import AuthorizationRequest

from idp.adapters.card_host.proxy_listener import UNREADABLE, certificate_of
from idp.adapters.hsm.signer import _decoded
from idp.adapters.psc.id_token import verify_signature
from idp.adapters.psc.signing_keys import read_signing_keys
from idp.clients.public_keys import leaf_der, public_keys, usable_keys
from idp.core.octets import NotOctets, b64_octets, b64u_octets, is_b64u
from idp.core.refusal_trail import RefusalTrail
from idp.core.sealing import Sealer
from idp.interaction.upstream import UpstreamRefused
from idp.protocol.client_auth.client_authentication import ClientRefused, _presented
from idp.protocol.client_auth.client_certificate import CertificateRefused, ClientCertificates
from idp.protocol.client_auth.dpop import DpopProofs, Nonces, ProofRefused
from idp.protocol.engine.provider import announced_key_is_thumbprint, pkce_is_s256
from idp.protocol.jose.client_jwt import BadClientJwt, ClientJwts, unverified_claims
from idp.protocol.jose.id_token_hint import BadHint, read_hint
from idp.signing.public_jwk import public_members
from tests.examples import examples
from tests.fakes import NOON, FixedClock, MemoryStore, RecordingAudit
from tests.protocol.jwt_corpus import signer_of
from tests.protocol.proofs import P256, RSA2048, DpopKey, ath, b64u
from tests.protocol.tls_certificates import self_signed

_LETTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_CLOCK = FixedClock()
_NONCES = Nonces(b"k" * 32, timedelta(minutes=5), timedelta(minutes=1))
_DPOP_KEY, _HELD, _SEALER = DpopKey(P256), self_signed(), Sealer(b"s" * 32)
_EC, _RSA = public_members(P256.public_key()), public_members(RSA2048.public_key())
_CHALLENGE = b64u(b"c" * 32)
_ISSUER, _NOW = "https://idp.example", int(NOON.timestamp())


@dataclass(frozen=True)
class Reader:
    """`accepts`: whether it takes the text; False when it refuses as it should; any other exception is our failure."""

    honest: str
    accepts: Callable[[str], bool]
    is_padded: bool = False


def refusing(error: type[Exception], read: Callable[[str], object]) -> Callable[[str], bool]:
    def accepts(text: str) -> bool:
        try:
            return read(text) is not None
        except error:
            return False

    return accepts


def proofs() -> DpopProofs:
    return DpopProofs(
        origins=("http://localhost:8400",),
        nonces=_NONCES,
        store=MemoryStore(_CLOCK),
        life=timedelta(seconds=60),
        ahead=timedelta(seconds=10),
        clock=_CLOCK,
    )


def calling(**headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SimpleNamespace(headers=named, method="POST", path="/token")


def prove(proof: str, access_token: str | None = None) -> object:
    return proofs().of(calling(DPoP=proof), access_token=access_token)


def keys_of_client(*_: object, **__: object) -> tuple[ECKey]:
    return (ECKey.import_key({**_EC}),)


_CLIENT_JWTS = ClientJwts(cast(Any, SimpleNamespace(for_verification=keys_of_client, used=lambda *_: None)))
_OURS = cast(Any, SimpleNamespace(jwks=lambda: {"keys": [{**_EC, "kid": "k", "alg": "ES256"}]}))

#: Header, claims, what signs, and the reader of each kind of token.
TOKENS: Mapping[str, tuple[dict[str, Any], dict[str, Any], Any, Callable[[str], bool]]] = {
    "JWT of a client": (
        {"alg": "ES256"},
        {"iss": "rp"},
        P256,
        refusing(BadClientJwt, lambda t: _CLIENT_JWTS.verified(t, cast(Any, None), alg="ES256", types=("",))),
    ),
    "ID Token of ours": (
        {"alg": "ES256", "kid": "k", "typ": "JWT"},
        {"iss": _ISSUER, "aud": "rp", "sub": "s", "exp": _NOW, "iat": _NOW},
        P256,
        refusing(BadHint, lambda t: read_hint(t, keys=_OURS, issuer=_ISSUER)),
    ),
    "token of Pro Santé Connect": (
        {"alg": "RS256", "kid": "k"},
        {"sub": "s"},
        RSA2048,
        refusing(UpstreamRefused, lambda t: verify_signature(t, lambda kid: RSAKey.import_key({**_RSA}))),
    ),
    "DPoP proof": (
        {"alg": "ES256", "typ": "dpop+jwt", "jwk": _EC},
        {
            "htm": "POST",
            "htu": "http://localhost:8400/token",
            "iat": _NOW,
            "jti": "j",
            "nonce": _NONCES.fresh(NOON),
        },
        P256,
        refusing(ProofRefused, prove),
    ),
}


def signed(head: str, body: str, key: Any) -> str:
    text = f"{head}.{body}"
    alg = "RS256" if key is RSA2048 else "ES256"
    return f"{text}.{b64u(signer_of(key, alg)(text.encode('utf-8', 'replace')))}"


def in_token(kind: str, part: int) -> Reader:
    """The text is this part of the token; over head and body, whatever they are, the signature is right."""
    header, claims, key, accepts = TOKENS[kind]
    parts = [b64u(json.dumps(member).encode()) for member in (header, claims)]
    # A length that 3 divides leaves no bits over.
    parts = [text if len(text) % 4 else b64u(b64u_octets(text) + b" ") for text in parts]
    head, body = parts
    parts.append(signed(head, body, key).rpartition(".")[2])

    def accepts_part(text: str) -> bool:
        told = [*parts[:part], text, *parts[part + 1 :]]
        return accepts(".".join(told) if part == 2 else signed(told[0], told[1], key))

    return Reader(parts[part], accepts_part)


def in_jwk(members: Mapping[str, str], name: str, accepts: Callable[[Any], bool]) -> Reader:
    return Reader(members[name], lambda text: accepts({**members, "kid": "k", name: text}))


def in_request(name: str, check: Callable[[Any], None]) -> Reader:
    def accepts(text: str) -> bool:
        asked = {"client_id": "rp", "code_challenge_method": "S256", name: text}
        check(AuthorizationRequest(**asked))
        return True

    return Reader(_CHALLENGE, refusing(InvalidAuthenticationRequest, accepts))


def base64_of(octets: bytes) -> str:
    """With octets added until bits are left over."""
    return base64.b64encode(octets + b" " * (len(octets) % 3 == 0)).decode()


def of_certificate(text: str) -> object:
    trail = RefusalTrail(RecordingAudit(), MemoryStore(_CLOCK))
    networks = cast(Any, SimpleNamespace(of=lambda request: "network"))
    request = calling(Client_Cert=f":{text}:", Caducee_Proxy="secret")
    return ClientCertificates("secret", trail, networks).of(request)


_DER = base64.b64encode(_HELD.der).decode()
_PUBLIC_DER = P256.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
_EC_KEYS = refusing(ValueError, lambda jwk: public_keys({"keys": [jwk]}))

READERS: Mapping[str, Reader] = {
    "octets of base64url": Reader(_CHALLENGE, refusing(NotOctets, b64u_octets)),
    "octets of base64": Reader(base64_of(b"octets"), refusing(NotOctets, b64_octets), is_padded=True),
    **{f"{kind}, part {part}": in_token(kind, part) for kind in TOKENS for part in range(3)},
    "claims not yet verified": Reader(
        b64u(b'{"sub":"rp"}  '), refusing(BadClientJwt, lambda text: unverified_claims(f"e30.{text}.AA"))
    ),
    "nonce of DPoP": Reader(_NONCES.fresh(NOON), lambda text: _NONCES.is_fresh(text, NOON)),
    "nonce in a DPoP proof": Reader(
        _NONCES.fresh(NOON), refusing(ProofRefused, lambda text: prove(_DPOP_KEY.proof(text, iat=_NOW)))
    ),
    "ath in a DPoP proof": Reader(
        ath("token"),
        refusing(
            ProofRefused,
            lambda text: prove(_DPOP_KEY.proof(_NONCES.fresh(NOON), iat=_NOW, ath=text), "token"),
        ),
    ),
    **{f"{name} of a client's key": in_jwk(_EC, name, _EC_KEYS) for name in "xy"},
    **{f"{name} of a client's RSA key": in_jwk(_RSA, name, _EC_KEYS) for name in "ne"},
    **{
        f"{name} of a key at jwks_uri": in_jwk(_EC, name, lambda jwk: bool(usable_keys({"keys": [jwk]})))
        for name in "xy"
    },
    **{
        f"{name} of a key of Pro Santé Connect": in_jwk(
            _RSA, name, lambda jwk: bool(read_signing_keys({"keys": [jwk]}).keys)
        )
        for name in "ne"
    },
    **{
        f"{name} of the key in a DPoP proof": in_jwk(
            _EC,
            name,
            refusing(
                ProofRefused,
                lambda jwk: prove(_DPOP_KEY.proof(_NONCES.fresh(NOON), iat=_NOW, header={"jwk": jwk})),
            ),
        )
        for name in "xy"
    },
    "code_challenge": in_request("code_challenge", pkce_is_s256),
    "dpop_jkt": in_request("dpop_jkt", announced_key_is_thumbprint),
    "Basic": Reader(
        base64_of(b"viatrajectoire:secret"),
        refusing(ClientRefused, lambda text: _presented(calling(Authorization=f"Basic {text}"), {})),
        is_padded=True,
    ),
    "Client-Cert": Reader(_DER, refusing(CertificateRefused, of_certificate), is_padded=True),
    "Client-Cert at the card host": Reader(
        _DER, lambda text: certificate_of(f":{text}:") not in (UNREADABLE, None), is_padded=True
    ),
    "x5c": Reader(_DER, lambda text: leaf_der({"x5c": [text]}) is not None, is_padded=True),
    "key of the HSM in the ring": Reader(
        base64.b64encode(_PUBLIC_DER).decode(), refusing(ValueError, _decoded), is_padded=True
    ),
    "sealed text": Reader(_SEALER.seal("text"), lambda text: _SEALER.open(text) == "text", is_padded=True),
}


def other_spellings(reader: Reader) -> Iterator[tuple[str, str]]:
    honest, bare = reader.honest, reader.honest.rstrip("=")
    letters = _LETTERS if not set("+/") & {*bare} else _LETTERS[:-2] + "+/"
    if len(bare) % 4:
        yield "bits left over", bare[:-1] + letters[letters.index(bare[-1]) + 1] + honest[len(bare) :]
    yield "a letter too many", bare + "A" * ((1 - len(bare)) % 4)
    yield "padding", honest + "="
    yield "padding to a length that 4 divides", honest + "=" * (-len(honest) % 4 or 4)
    if honest != bare:
        yield "no padding", bare
    for name, inserted in {
        "a blank": " ",
        "a line end": "\n",
        "a tab": "\t",
        "a null": "\0",
        "no width": "\u200b",
    }.items():
        yield f"{name} within", honest[:3] + inserted + honest[3:]
    yield "letters of both alphabets", honest[:3] + ("-" if reader.is_padded else "+") + honest[4:]
    yield "a letter outside ASCII", honest[:3] + "é" + honest[4:]
    yield "half of a surrogate pair", honest[:3] + "\ud800" + honest[4:]
    yield "full width", chr(ord(honest[0]) + 0xFEE0) + honest[1:]


@pytest.mark.parametrize("name", READERS)
def test_the_honest_spelling_is_read_and_every_other_one_refused(name: str) -> None:
    reader = READERS[name]
    assert reader.accepts(reader.honest)
    accepted = [spelling for spelling, text in other_spellings(reader) if reader.accepts(text)]
    assert not accepted


@settings(max_examples=examples(400), deadline=None)
@given(st.sampled_from(sorted(READERS)), st.text(max_size=60), st.integers(0, 50), st.integers(0, 3))
def test_no_text_is_a_failure_of_ours(name: str, text: str, at: int, gone: int) -> None:
    reader = READERS[name]
    reader.accepts(text)
    spoiled = reader.honest[:at] + text + reader.honest[at + gone :]
    if {*spoiled} - {*_LETTERS, *"+/="}:
        assert not reader.accepts(spoiled)


@settings(max_examples=examples(100), deadline=None)
@given(st.binary(max_size=80))
def test_octets_have_one_spelling(octets: bytes) -> None:
    assert b64u_octets(b64u(octets)) == octets
    assert b64_octets(base64.b64encode(octets).decode()) == octets
    assert is_b64u(b64u(octets), len(octets))
    assert not is_b64u(b64u(octets), len(octets) + 1)
    assert not is_b64u(octets, len(octets))
