"""What makes a DPoP proof good (RFC 9449 §4.3): each part of it wrong, one at a time; once, and never again."""

import base64
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from idp.core.ephemeral import StoreUnavailable
from idp.core.errors import OAuthError
from idp.protocol.client_auth.dpop import DpopProofs, Nonces, ProofRefused
from tests.examples import examples
from tests.fakes import NOON, FixedClock, MemoryStore
from tests.made_once import rsa_key
from tests.protocol.proofs import P256, RSA2048, TOKEN_URI, DpopKey, ath, b64u

ORIGINS = ("http://localhost:8400", "https://mtls.caducee.example")
NOW = int(NOON.timestamp())
KEY = DpopKey(P256)


class Verifier:
    """The proofs of a provider whose clock stands at noon."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.store = MemoryStore(self.clock)
        self.nonces = Nonces(b"k" * 32, timedelta(minutes=5), timedelta(minutes=1))
        self.proofs = DpopProofs(
            origins=ORIGINS,
            nonces=self.nonces,
            store=self.store,
            life=timedelta(seconds=60),
            ahead=timedelta(seconds=10),
            clock=self.clock,
        )

    @property
    def nonce(self) -> str:
        return self.nonces.fresh(self.clock.now())

    def good(self, key: DpopKey = KEY, **changes: Any) -> str:
        return key.proof(**{"nonce": self.nonce, "iat": int(self.clock.now().timestamp()), **changes})

    def show(
        self,
        header: str,
        path: str = "/token",
        method: str = "POST",
        access_token: str | None = None,
        host: str = "localhost:8400",
    ) -> str:
        """The thumbprint. Raises ProofRefused."""
        environ = EnvironBuilder(path, method=method, headers={"DPoP": header, "Host": host}).get_environ()
        proof = self.proofs.of(Request(environ), access_token=access_token)
        assert proof is not None
        return proof.thumbprint

    def error(self, header: str, **options: Any) -> str:
        with pytest.raises(ProofRefused) as refused:
            self.show(header, **options)
        assert self.nonces.is_fresh(refused.value.fresh_nonce, self.clock.now())
        return str(refused.value.error)


@pytest.fixture
def verifier() -> Verifier:
    return Verifier()


@pytest.mark.parametrize(
    "key", [KEY, DpopKey(RSA2048, "RS256"), DpopKey(RSA2048, "PS256")], ids=lambda key: key.alg
)
def test_a_good_proof_names_its_key(verifier: Verifier, key: DpopKey) -> None:
    assert verifier.show(verifier.good(key)) == key.thumbprint


def test_a_key_longer_than_usual_is_good_too(verifier: Verifier) -> None:
    long = DpopKey(rsa_key("dpop", 4096), "PS256")
    assert verifier.show(verifier.good(long)) == long.thumbprint


def test_without_a_proof_there_is_none(verifier: Verifier) -> None:
    assert verifier.proofs.of(Request(EnvironBuilder("/token").get_environ())) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"htm": "GET"},
        {"htm": "post"},
        {"htm": None},
        {"htm": 5},
        {"htu": "http://localhost:8400/userinfo"},
        {"htu": "http://localhost:8400/token/"},
        {"htu": "http://localhost:8400/TOKEN"},
        {"htu": "https://localhost:8400/token"},
        {"htu": "http://localhost:8401/token"},
        {"htu": "http://evil.example/token"},
        {"htu": "http://user@localhost:8400/token"},
        {"htu": "http://localhost:8400@evil.example/token"},
        {"htu": "http://[::1/token"},
        {"htu": "http://localhost:port/token"},
        {"htu": "/token"},
        {"htu": ""},
        {"htu": None},
        {"htu": ["http://localhost:8400/token"]},
        {"iat": NOW - 61},
        {"iat": NOW + 11},
        {"iat": None},
        {"iat": str(NOW)},
        {"iat": True},
        {"iat": 10**400},
        {"iat": float("nan")},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "j" * 513},
    ],
)
def test_a_claim_that_is_not_of_this_request_is_refused(verifier: Verifier, changes: dict[str, Any]) -> None:
    assert verifier.error(verifier.good(**changes)) == "invalid_dpop_proof"


@pytest.mark.parametrize(
    "htu",
    [
        "HTTP://LOCALHOST:8400/token",
        "http://localhost:8400/token?a=b#c",
        "https://mtls.caducee.example/token",
        "https://mtls.caducee.example:443/token",
    ],
)
def test_the_uri_is_compared_normalised_and_without_query(verifier: Verifier, htu: str) -> None:
    assert verifier.show(verifier.good(htu=htu)) == KEY.thumbprint


def test_the_host_header_decides_nothing(verifier: Verifier) -> None:
    assert verifier.show(verifier.good(), host="evil.example") == KEY.thumbprint
    proof = verifier.good(htu="http://evil.example/token")
    assert verifier.error(proof, host="evil.example") == "invalid_dpop_proof"


@pytest.mark.parametrize(("iat", "is_good"), [(-60, True), (-61, False), (10, True), (11, False)])
def test_a_proof_is_as_old_as_its_window_and_no_older(verifier: Verifier, iat: int, is_good: bool) -> None:
    proof = verifier.good(iat=NOW + iat)
    if is_good:
        assert verifier.show(proof) == KEY.thumbprint
    else:
        assert verifier.error(proof) == "invalid_dpop_proof"


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": "DPOP+JWT"},
        {"typ": None},
        {"jwk": None},
        {"jwk": "key"},
        {"jwk": []},
        {"jwk": {}},
        {"jwk": {"kty": "oct", "k": "c2VjcmV0"}},
        {"jwk": {**KEY.jwk, "d": "c2VjcmV0"}},
        {"jwk": {**KEY.jwk, "kty": ["EC"]}},
        {"jwk": {**KEY.jwk, "kty": "RSA"}},
        {"jwk": {**KEY.jwk, "crv": "P-384"}},
        {"jwk": {**KEY.jwk, "x": KEY.jwk["y"]}},
        {"jwk": DpopKey().jwk},
        {"jwk": DpopKey(RSA2048).jwk},
        {"crit": ["exp"], "exp": 1},
        {"b64": False},
    ],
)
def test_a_header_of_another_kind_or_key_is_refused(verifier: Verifier, header: dict[str, Any]) -> None:
    assert verifier.error(verifier.good(header=header)) == "invalid_dpop_proof"


def test_members_of_the_key_that_make_no_key_mean_nothing(verifier: Verifier) -> None:
    decorated = {**KEY.jwk, "kid": "x", "use": "enc", "x5u": "https://evil.example/", "alg": "RSA-OAEP"}
    assert verifier.show(verifier.good(header={"jwk": decorated})) == KEY.thumbprint


def _unsigned(head: dict[str, Any], claims: dict[str, Any], signature: str = "") -> str:
    return ".".join([*(b64u(json.dumps(part).encode()) for part in (head, claims)), signature])


def test_algorithms_that_prove_nothing_are_refused(verifier: Verifier) -> None:
    claims = {"htm": "POST", "htu": TOKEN_URI, "iat": NOW, "jti": "j", "nonce": verifier.nonce}
    for alg in ("none", "None", "HS256", "ES384", "EdDSA", "", None, ["ES256"]):
        for signature in ("", "AA"):
            head = {"typ": "dpop+jwt", "alg": alg, "jwk": KEY.jwk}
            assert verifier.error(_unsigned(head, claims, signature)) == "invalid_dpop_proof"
    by_secret = jwt.encode(claims, "s" * 32, "HS256", {"typ": "dpop+jwt", "jwk": {"kty": "oct", "k": "cw"}})
    assert verifier.error(by_secret) == "invalid_dpop_proof"


def test_a_proof_that_can_be_read_in_two_ways_is_refused(verifier: Verifier) -> None:
    """RFC 7515 §4, RFC 7519 §4: no member twice. Rightly signed, and right whichever of the two counts."""
    claims = {"htm": "POST", "htu": TOKEN_URI, "iat": NOW, "jti": "j", "nonce": verifier.nonce}
    payload = json.dumps(claims).replace("{", '{"htm": "POST", ', 1)
    header = {"typ": "dpop+jwt", "jwk": KEY.jwk}
    twice = jwt.api_jws.encode(payload.encode(), KEY.key, algorithm="ES256", headers=header)
    assert verifier.error(twice) == "invalid_dpop_proof"
    once = jwt.api_jws.encode(json.dumps(claims).encode(), KEY.key, algorithm="ES256", headers=header)
    assert verifier.show(once) == KEY.thumbprint


@pytest.mark.parametrize("size", [512, 1024])
def test_a_short_rsa_key_is_refused_without_a_warning(verifier: Verifier, size: int) -> None:
    modulus = {"kty": "RSA", "n": "x" * (size // 6), "e": "AQAB"}
    assert verifier.error(verifier.good(header={"jwk": modulus})) == "invalid_dpop_proof"


def test_an_rsa_key_that_costs_much_to_verify_by_is_refused(verifier: Verifier) -> None:
    key = DpopKey(RSA2048, "RS256")
    # The key is refused before a signature is verified by it, so the reason is the key.
    for costly in (
        {"n": b64u(b"\xc7" * 513)},
        {"n": b64u(b"\xc7" * 1024)},
        {"e": "x" * 7},
        {"e": key.jwk["n"]},
    ):
        with pytest.raises(ProofRefused, match="refused: jwk"):
            verifier.show(verifier.good(key, header={"jwk": {**key.jwk, **costly}}))
    with pytest.raises(ProofRefused, match="refused: signature"):
        verifier.show(verifier.good(key, header={"jwk": {**key.jwk, "n": b64u(b"\xc7" * 512)}}))
    largest = DpopKey(rsa_key("dpop", 4096), "RS256")
    assert verifier.show(verifier.good(largest)) == largest.thumbprint


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP521R1(), ec.SECP256K1()], ids=lambda c: c.name)
def test_keys_of_other_curves_are_refused(verifier: Verifier, curve: ec.EllipticCurve) -> None:
    numbers = ec.generate_private_key(curve).public_key().public_numbers()
    octets = (curve.key_size + 7) // 8
    name = {384: "P-384", 521: "P-521", 256: "secp256k1"}[curve.key_size]
    x, y = (b64u(number.to_bytes(octets, "big")) for number in (numbers.x, numbers.y))
    jwk = {"kty": "EC", "crv": name, "x": x, "y": y}
    assert verifier.error(verifier.good(header={"jwk": jwk})) == "invalid_dpop_proof"


def test_a_signature_that_was_touched_is_refused(verifier: Verifier) -> None:
    head, body, signature = verifier.good().split(".")
    other_body = verifier.good(jti="another").split(".")[1]
    for touched in (
        f"{head}.{other_body}.{signature}",
        f"{head}.{body}.{'A' * len(signature)}",
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}.{body}.{signature}.x",
        f"{head}.{body}.{signature}=",
        f" {head}.{body}.{signature}",
        "",
        ".",
        "..",
        "é",
    ):
        assert verifier.error(touched) == "invalid_dpop_proof"


def test_two_proofs_at_once_are_refused(verifier: Verifier) -> None:
    # As the server joins a repeated header.
    assert verifier.error(f"{verifier.good()},{verifier.good()}") == "invalid_dpop_proof"


def test_a_proof_over_16_kib_is_refused_unread(verifier: Verifier) -> None:
    assert verifier.error(verifier.good(padding="p" * 13_000)) == "invalid_dpop_proof"
    assert verifier.show(verifier.good(padding="p" * 11_000)) == KEY.thumbprint


def test_a_payload_that_is_no_object_is_refused(verifier: Verifier) -> None:
    head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": KEY.jwk}
    for payload in (b"[]", b'"x"', b"", b"\xff", b"{", b"[" * 3000):
        signing_input = f"{b64u(json.dumps(head).encode())}.{b64u(payload)}"
        signature = jwt.get_algorithm_by_name("ES256").sign(signing_input.encode(), P256)
        assert verifier.error(f"{signing_input}.{b64u(signature)}") == "invalid_dpop_proof"


# The nonce (§8).


def test_without_our_nonce_a_fresh_one_is_given(verifier: Verifier) -> None:
    for nonce in (None, "", "x", "A" * 43, 5, [verifier.nonce], verifier.nonce + "A", "é" * 43):
        assert verifier.error(verifier.good(nonce=nonce)) == "use_dpop_nonce"


def test_a_nonce_is_ours_for_its_life(verifier: Verifier) -> None:
    old = verifier.nonce
    verifier.clock.advance(minutes=5)
    assert verifier.show(verifier.good(nonce=old)) == KEY.thumbprint
    verifier.clock.advance(seconds=1)
    assert verifier.error(verifier.good(nonce=old)) == "use_dpop_nonce"


def test_a_nonce_of_another_house_or_of_tomorrow_is_not_ours(verifier: Verifier) -> None:
    strange = Nonces(b"o" * 32, timedelta(minutes=5), timedelta(minutes=1)).fresh(NOON)
    assert verifier.error(verifier.good(nonce=strange)) == "use_dpop_nonce"
    tomorrow = verifier.nonces.fresh(NOON + timedelta(days=1))
    assert verifier.error(verifier.good(nonce=tomorrow)) == "use_dpop_nonce"
    stamp = (NOW + 1).to_bytes(8, "big") + base64.urlsafe_b64decode(verifier.nonce + "=")[8:]
    assert verifier.error(verifier.good(nonce=b64u(stamp))) == "use_dpop_nonce"


def test_the_nonce_changes_with_time(verifier: Verifier) -> None:
    before = verifier.nonce
    verifier.clock.advance(seconds=1)
    assert verifier.nonce != before


# Once (§11.1).


def test_a_proof_is_good_once(verifier: Verifier) -> None:
    proof = verifier.good()
    assert verifier.show(proof) == KEY.thumbprint
    for _ in range(3):
        assert verifier.error(proof) == "invalid_dpop_proof"


def test_a_jti_is_used_up_by_its_own_key_alone(verifier: Verifier) -> None:
    other = DpopKey()
    verifier.show(verifier.good(jti="same"))
    assert verifier.show(verifier.good(other, jti="same")) == other.thumbprint
    assert verifier.error(verifier.good(jti="same")) == "invalid_dpop_proof"


def test_a_proof_is_remembered_as_long_as_it_could_be_shown(verifier: Verifier) -> None:
    # Made by a clock that is ahead, it is good for the longest time there is.
    proof = verifier.good(iat=NOW + 10)
    verifier.show(proof)
    verifier.clock.advance(seconds=70)
    assert verifier.error(proof) == "invalid_dpop_proof"


def test_a_proof_refused_for_another_reason_is_not_used_up(verifier: Verifier) -> None:
    proof = verifier.good()
    assert verifier.error(proof, path="/userinfo") == "invalid_dpop_proof"
    assert verifier.show(proof) == KEY.thumbprint


def test_a_jti_of_any_text_is_taken(verifier: Verifier) -> None:
    for jti in ("é", "\x00", "\U0001f600", "a b"):
        proof = verifier.good(jti=jti)
        assert verifier.show(proof) == KEY.thumbprint
        assert verifier.error(proof) == "invalid_dpop_proof"
    head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": KEY.jwk}
    claims = {"htm": "POST", "htu": TOKEN_URI, "iat": NOW, "jti": "\ud800", "nonce": verifier.nonce}
    signing_input = _unsigned(head, claims).rstrip(".")
    signature = jwt.get_algorithm_by_name("ES256").sign(signing_input.encode(), P256)
    assert verifier.show(f"{signing_input}.{b64u(signature)}") == KEY.thumbprint


def test_without_its_memory_no_proof_is_good(verifier: Verifier) -> None:
    verifier.store.is_down = True
    with pytest.raises(StoreUnavailable):
        verifier.show(verifier.good())


def test_no_proof_is_kept_in_clear(verifier: Verifier) -> None:
    verifier.show(verifier.good(jti="the-jti"))
    (record,) = verifier.store.records.values()
    assert record.text == "{}"


# At a resource (§7).


def test_at_a_resource_the_proof_names_the_token(verifier: Verifier) -> None:
    proof = verifier.good(ath=ath("the-token"))
    assert verifier.show(proof, access_token="the-token") == KEY.thumbprint
    for wrong in (ath("another"), None, "", 5, "é", ath("the-token") + "="):
        proof = verifier.good(ath=wrong)
        assert verifier.error(proof, access_token="the-token") == "invalid_dpop_proof"


@settings(max_examples=examples(200), deadline=None)
@given(
    head=st.dictionaries(st.sampled_from(["typ", "alg", "jwk", "crit", "kid"]), st.from_type(type(None)) | st.text()
                         | st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "n", "e"]), st.text())),
    body=st.binary(max_size=40),
    raw=st.none() | st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60),
)  # fmt: skip
def test_no_header_makes_anything_but_a_refusal(head: dict[str, Any], body: bytes, raw: str | None) -> None:
    verifier = Verifier()
    made = {"typ": "dpop+jwt", "alg": "ES256", **head}
    header = f"{b64u(json.dumps(made).encode())}.{b64u(body)}.AAAA" if raw is None else raw
    assert OAuthError(verifier.error(header)) is OAuthError.INVALID_DPOP_PROOF
