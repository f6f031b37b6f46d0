"""Reading our own ID Tokens back: what is ours is accepted for ever, everything else never."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.adapters.software_signer import SoftwareSigner
from idp.protocol.jose.id_token_hint import MAX_BYTES, BadHint, read_hint
from idp.signing.key_ring import KeyRing, b64u
from idp.signing.signer import Alg
from tests.examples import examples
from tests.made_once import rsa_key

ISSUER = "https://id.example"
CLAIMS: dict[str, Any] = {
    "iss": ISSUER, "sub": "subject-1", "aud": "rp", "sid": "sid-1", "exp": 10**10, "iat": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def ring() -> KeyRing:
    """Two keys of each algorithm, oldest first."""
    rsas = [rsa_key("hint-1"), rsa_key("hint-2")]
    curves = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    return KeyRing([SoftwareSigner(key) for pair in zip(rsas, curves, strict=True) for key in pair])


def refused(ring: KeyRing, token: str) -> None:
    with pytest.raises(BadHint):
        read_hint(token, keys=ring, issuer=ISSUER)


def jws(header: dict[str, Any], claims: Any, sign: Callable[[bytes], bytes]) -> str:
    text = ".".join(b64u(json.dumps(part).encode()) for part in (header, claims))
    return f"{text}.{b64u(sign(text.encode()))}"


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_a_token_of_ours_is_read(ring: KeyRing, alg: Alg) -> None:
    hint = read_hint(ring.sign_jwt(CLAIMS, alg=alg), keys=ring, issuer=ISSUER)
    assert (hint.client_id, hint.subject, hint.sid) == ("rp", "subject-1", "sid-1")


def test_an_expired_token_is_read_too(ring: KeyRing) -> None:
    token = ring.sign_jwt({**CLAIMS, "exp": 2, "nbf": 1}, alg="RS256")
    assert read_hint(token, keys=ring, issuer=ISSUER).client_id == "rp"


def test_a_token_of_an_older_key_of_ours_is_read(ring: KeyRing) -> None:
    older = KeyRing(ring.signers[:2])
    assert read_hint(older.sign_jwt(CLAIMS, alg="ES256"), keys=ring, issuer=ISSUER).sid == "sid-1"


def test_a_token_without_sid_has_none(ring: KeyRing) -> None:
    for sid in (None, 12, ["sid-1"]):
        hint = read_hint(ring.sign_jwt({**CLAIMS, "sid": sid}, alg="RS256"), keys=ring, issuer=ISSUER)
        assert hint.sid is None


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", ""])
def test_alg_none_is_refused_signed_or_not(ring: KeyRing, alg: str) -> None:
    kid = ring.active("RS256").kid
    refused(ring, jws({"alg": alg, "kid": kid}, CLAIMS, lambda text: b""))
    refused(ring, jws({"alg": alg, "kid": kid}, CLAIMS, ring.active("RS256").sign))
    refused(ring, jws({"alg": alg}, CLAIMS, lambda text: b""))


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_an_hmac_with_our_public_key_as_secret_is_refused(ring: KeyRing, alg: str) -> None:
    signer: Any = ring.active("RS256")
    public = signer.key.public_key()
    formats = [
        public.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
        for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER)
    ]
    for secret in (*formats, json.dumps(signer.public_jwk()).encode(), b""):
        digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[alg]
        for header in ({"alg": alg, "kid": signer.kid}, {"alg": alg}):
            refused(ring, jws(header, CLAIMS, lambda text, s=secret, d=digest: hmac.digest(s, text, d)))  # type: ignore[misc]


def test_a_key_carried_by_the_token_itself_is_never_used(ring: KeyRing) -> None:
    attacker = SoftwareSigner(rsa_key("stranger"))
    ours = ring.active("RS256").kid
    for member in (
        {"jwk": dict(attacker.public_jwk())},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/cert"},
        {"x5c": ["AAAA"]},
    ):
        for kid in (ours, attacker.kid):
            refused(ring, jws({"alg": "RS256", "kid": kid, **member}, CLAIMS, attacker.sign))


def test_the_key_of_somebody_else_is_refused_with_and_without_its_kid(ring: KeyRing) -> None:
    attacker = SoftwareSigner(ec.generate_private_key(ec.SECP256R1()))
    for header in ({"kid": attacker.kid}, {"kid": ring.active("ES256").kid}, {}, {"kid": ""}, {"kid": 1}):
        refused(ring, jws({"alg": "ES256", **header}, CLAIMS, attacker.sign))


def test_the_alg_must_be_that_of_the_key(ring: KeyRing) -> None:
    rsa_signer, ec_signer = ring.active("RS256"), ring.active("ES256")
    refused(ring, jws({"alg": "ES256", "kid": rsa_signer.kid}, CLAIMS, rsa_signer.sign))
    refused(ring, jws({"alg": "RS256", "kid": ec_signer.kid}, CLAIMS, ec_signer.sign))
    refused(ring, jws({"alg": "PS256", "kid": rsa_signer.kid}, CLAIMS, rsa_signer.sign))


def test_an_unknown_critical_header_is_refused(ring: KeyRing) -> None:
    signer = ring.active("RS256")
    header = {"alg": "RS256", "kid": signer.kid, "crit": ["exp"], "exp": 1}
    refused(ring, jws(header, CLAIMS, signer.sign))


@pytest.mark.parametrize(
    "issuer",
    ["https://evil.example", ISSUER + "/", "http://id.example", "HTTPS://ID.EXAMPLE", None, [ISSUER]],
)
def test_a_token_of_another_issuer_is_refused_even_under_our_key(ring: KeyRing, issuer: Any) -> None:
    refused(ring, ring.sign_jwt({**CLAIMS, "iss": issuer}, alg="RS256"))


@pytest.mark.parametrize(
    "change", [{"aud": ["rp", "rp2"]}, {"aud": None}, {"sub": None}, {"sub": 1}, {"aud": {}}]
)
def test_a_token_without_one_audience_and_one_subject_is_refused(
    ring: KeyRing, change: dict[str, Any]
) -> None:
    refused(ring, ring.sign_jwt({**CLAIMS, **change}, alg="RS256"))


_SIGNED_BY_US: dict[str, tuple[dict[str, Any], str]] = {
    "userinfo": ({"iss": ISSUER, "aud": "rp", "sub": "subject-1", "name": "Aïcha"}, "JWT"),
    "logout token": ({**CLAIMS, "jti": "j", "events": {}}, "logout+jwt"),
    "logout token, as an application": ({**CLAIMS, "jti": "j", "events": {}}, "application/logout+jwt"),
    "authorization response": ({"iss": ISSUER, "aud": "rp", "exp": 10**10, "code": "c", "state": "s"}, "JWT"),
    "access token": (CLAIMS, "at+jwt"),
    "half an ID Token": ({name: told for name, told in CLAIMS.items() if name != "exp"}, "JWT"),
    "an instant that is none": ({**CLAIMS, "iat": True}, "JWT"),
}


@pytest.mark.parametrize("kind", _SIGNED_BY_US)
def test_what_we_sign_for_another_purpose_is_no_hint(ring: KeyRing, kind: str) -> None:
    """RFC 8725 §3.11, §3.12: the same key, issuer and audience; each kind is known by what it alone has."""
    claims, typ = _SIGNED_BY_US[kind]
    refused(ring, ring.sign_jwt(claims, alg="RS256", typ=typ))


@pytest.mark.parametrize("payload", [[], "x", 1, None, [CLAIMS]])
def test_a_payload_that_is_no_object_is_refused(ring: KeyRing, payload: Any) -> None:
    signer = ring.active("RS256")
    refused(ring, jws({"alg": "RS256", "kid": signer.kid}, payload, signer.sign))


def test_an_oversized_token_is_refused_before_it_is_read(ring: KeyRing) -> None:
    refused(ring, ring.sign_jwt({**CLAIMS, "x": "x" * MAX_BYTES}, alg="RS256"))


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "a.b",
        "é.é.é",
        "=.=.=",
        b64u(b"{}") + "..",
        "\x00.\x00.\x00",
        "a.b.c.d.e",
    ],
)
def test_what_is_no_token_is_refused(ring: KeyRing, token: str) -> None:
    refused(ring, token)


def test_nesting_without_end_is_refused_and_nothing_else_happens(ring: KeyRing) -> None:
    deep = b64u(b"[" * 5000)
    refused(ring, f"{deep}.{deep}.AAAA")
    signer = ring.active("RS256")
    text = f"{b64u(json.dumps({'alg': 'RS256', 'kid': signer.kid}).encode())}.{deep}"
    refused(ring, f"{text}.{b64u(signer.sign(text.encode()))}")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
_header = st.fixed_dictionaries(
    {"alg": st.sampled_from(["RS256", "ES256", "none", "HS256"]) | _json},
    optional={"kid": _json, "crit": _json, "b64": _json, "jwk": _json, "zip": _json, "typ": _json},
)


@settings(max_examples=examples(150), deadline=None)
@given(_header | _json, _json, st.binary(max_size=70))
def test_no_header_gets_anything_but_a_refusal(header: Any, payload: Any, signature: bytes) -> None:
    ring = _shared_ring()
    token = ".".join([b64u(json.dumps(header).encode()), b64u(json.dumps(payload).encode()), b64u(signature)])
    refused(ring, token)


@settings(max_examples=examples(100), deadline=None)
@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=60))
def test_no_bytes_get_anything_but_a_refusal(head: bytes, body: bytes, signature: bytes) -> None:
    token = ".".join(base64.urlsafe_b64encode(part).decode() for part in (head, body, signature))
    refused(_shared_ring(), token)


_rings: list[KeyRing] = []


def _shared_ring() -> KeyRing:
    if not _rings:
        key = ec.generate_private_key(ec.SECP256R1())
        _rings.append(KeyRing([SoftwareSigner(key)]))
    return _rings[0]
