"""What we sign, three libraries that are not ours verify; and of the keys only the public half is published."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet
from jwcrypto import jwk as jwcrypto_jwk
from jwcrypto import jws as jwcrypto_jws

from idp.adapters.key_files.directory import KeyDirectory
from idp.adapters.key_files.keys_in_force import KeysInForce
from idp.adapters.software_signer import BadKeyFile, SoftwareSigner
from idp.signing.key_ring import KeyMissing, KeyRing, b64u
from idp.signing.public_jwk import thumbprint
from idp.signing.signer import Alg, SignerUnavailable
from tests.made_once import rsa_key

CLAIMS = {"iss": "https://id.example", "sub": "é", "aud": "rp", "exp": 4_000_000_000, "iat": 1_000_000_000}
ALGS: tuple[Alg, ...] = ("RS256", "ES256")


def part(token: str, index: int) -> bytes:
    text = token.split(".")[index]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def published(ring: KeyRing, token: str) -> dict[str, str]:
    kid = json.loads(part(token, 0))["kid"]
    (found,) = [key for key in ring.jwks()["keys"] if key["kid"] == kid]
    return found


@pytest.mark.parametrize("alg", ALGS)
class TestThirdParties:
    def test_pyjwt_verifies_it(self, ring: KeyRing, alg: Alg) -> None:
        token = ring.sign_jwt(CLAIMS, alg=alg)
        key = jwt.PyJWK(published(ring, token))
        assert jwt.decode(token, key, algorithms=[alg], audience="rp", issuer="https://id.example") == CLAIMS

    def test_jwcrypto_verifies_it(self, ring: KeyRing, alg: Alg) -> None:
        token = ring.sign_jwt(CLAIMS, alg=alg)
        verified = jwcrypto_jws.JWS()
        verified.deserialize(token, jwcrypto_jwk.JWK(**published(ring, token)), alg=alg)
        assert json.loads(verified.payload) == CLAIMS

    def test_joserfc_verifies_it_by_key_set(self, ring: KeyRing, alg: Alg) -> None:
        token = ring.sign_jwt(CLAIMS, alg=alg)
        keys: Any = json.loads(json.dumps(ring.jwks()))
        assert joserfc_jwt.decode(token, KeySet.import_key_set(keys), algorithms=[alg]).claims == CLAIMS

    def test_a_changed_token_is_refused(self, ring: KeyRing, alg: Alg) -> None:
        token = ring.sign_jwt(CLAIMS, alg=alg)
        head, _body, signature = token.split(".")
        forged = f"{head}.{b64u(json.dumps({**CLAIMS, 'sub': 'x'}).encode())}.{signature}"
        with pytest.raises(jwt.InvalidSignatureError):
            jwt.decode(forged, jwt.PyJWK(published(ring, token)), algorithms=[alg], audience="rp")

    def test_the_header_names_alg_key_and_type_and_no_more(self, ring: KeyRing, alg: Alg) -> None:
        token = ring.sign_jwt(CLAIMS, alg=alg)
        assert json.loads(part(token, 0)) == {"alg": alg, "kid": ring.active(alg).kid, "typ": "JWT"}
        assert "=" not in token

    def test_the_newest_key_signs_and_the_older_is_still_published(self, ring: KeyRing, alg: Alg) -> None:
        of_alg = [signer for signer in ring.signers if signer.alg == alg]
        assert len(of_alg) == 2
        assert ring.active(alg) is of_alg[-1]
        assert {signer.kid for signer in of_alg} <= {key["kid"] for key in ring.jwks()["keys"]}

    def test_a_token_of_the_older_key_still_verifies(self, ring: KeyRing, alg: Alg) -> None:
        older = KeyRing([signer for signer in ring.signers if signer.alg == alg][:1])
        token = older.sign_jwt(CLAIMS, alg=alg)
        assert jwt.decode(token, jwt.PyJWK(published(ring, token)), algorithms=[alg], audience="rp")

    def test_an_announced_key_is_published_and_does_not_sign(self, ring: KeyRing, alg: Alg) -> None:
        older, newer = (signer for signer in ring.signers if signer.alg == alg)
        announcing = KeyRing([older], announced=[newer])
        assert announcing.active(alg) is older
        assert [key["kid"] for key in announcing.jwks()["keys"]] == [older.kid, newer.kid]

    def test_without_a_key_of_the_alg_nothing_else_signs(self, ring: KeyRing, alg: Alg) -> None:
        others = KeyRing([signer for signer in ring.signers if signer.alg != alg])
        with pytest.raises(KeyMissing):
            others.sign_jwt(CLAIMS, alg=alg)


@dataclass
class SilentSigner:
    """A `Signer` whose HSM is unplugged, as far as it is asked before it signs."""

    alg: Alg

    def is_alive(self) -> bool:
        return False

    def require_ready(self) -> None:
        raise SignerUnavailable


@pytest.mark.parametrize("alg", ALGS)
def test_a_ring_is_alive_only_if_its_newest_key_of_every_algorithm_is(ring: KeyRing, alg: Alg) -> None:
    silent: Any = SilentSigner(alg)
    others = [signer for signer in ring.signers if signer.alg != alg]
    assert ring.is_alive()
    assert KeyRing([silent, *ring.signers]).is_alive()
    assert not KeyRing([*ring.signers, silent]).is_alive()
    assert not KeyRing(others).is_alive()


@pytest.mark.parametrize("alg", ALGS)
def test_only_the_newest_key_is_asked_whether_it_could_sign(ring: KeyRing, alg: Alg) -> None:
    silent: Any = SilentSigner(alg)
    KeyRing([silent, *ring.signers]).require_ready(alg)
    with pytest.raises(SignerUnavailable):
        KeyRing([*ring.signers, silent]).require_ready(alg)
    with pytest.raises(KeyMissing):
        KeyRing([]).require_ready(alg)


def test_an_es256_signature_is_64_raw_bytes_and_never_der(ring: KeyRing) -> None:
    signer = ring.active("ES256")
    # Small r or s must be padded: 300 signatures meet about two of them.
    assert {len(signer.sign(b"%d" % number)) for number in range(300)} == {64}


def test_an_rs256_signature_is_as_long_as_its_key(ring: KeyRing) -> None:
    assert len(ring.active("RS256").sign(b"x")) == 384


def test_the_key_set_has_public_members_only(ring: KeyRing) -> None:
    allowed = {
        "RSA": {"kty", "n", "e", "kid", "use", "alg"},
        "EC": {"kty", "crv", "x", "y", "kid", "use", "alg"},
    }
    keys = ring.jwks()["keys"]
    assert len(keys) == len({key["kid"] for key in keys}) == 4
    for key in keys:
        assert set(key) == allowed[key["kty"]]
        assert key["use"] == "sig"
        assert not jwcrypto_jwk.JWK(**key).has_private


def test_the_kid_is_the_thumbprint_a_third_party_computes(ring: KeyRing) -> None:
    for key in ring.jwks()["keys"]:
        assert jwcrypto_jwk.JWK(**key).thumbprint() == key["kid"]


def test_the_thumbprint_of_rfc_7638_section_3_1() -> None:
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRX"
        "jBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaS"
        "qzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksIN"
        "HaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    members = {"kty": "RSA", "n": modulus, "e": "AQAB"}
    assert thumbprint(members) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_coordinates_that_begin_with_zeros_keep_their_32_bytes() -> None:
    for _ in range(2000):
        key = ec.generate_private_key(ec.SECP256R1())
        if key.public_key().public_numbers().x < 1 << 248:
            break
    jwk = SoftwareSigner(key).public_jwk()
    assert {len(jwk["x"]), len(jwk["y"])} == {43}
    assert jwcrypto_jwk.JWK(**jwk).thumbprint() == jwk["kid"]


class TestFiles:
    def write(self, directory: Path, key: Any, name: str = "sign-20990101-x.pem", mode: int = 0o600) -> Path:
        path = directory / name
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        path.chmod(mode)
        return path

    @pytest.mark.parametrize("mode", [0o604, 0o644, 0o606, 0o601, 0o620, 0o660, 0o610])
    def test_a_key_that_others_could_read_or_a_group_change_is_refused(
        self, legacy: KeyDirectory, mode: int
    ) -> None:
        path = next(legacy.path.glob("sign-*.pem"))
        path.chmod(mode)
        with pytest.raises(BadKeyFile, match=path.name):
            KeysInForce(legacy)

    @pytest.mark.parametrize("mode", [0o600, 0o400, 0o640])
    def test_an_owner_only_key_or_one_its_service_group_reads_is_taken(
        self, legacy: KeyDirectory, mode: int
    ) -> None:
        """facts/security CF4: 0600, or 0640 to the service group."""
        for path in legacy.path.glob("sign-*.pem"):
            path.chmod(mode)
        assert len(KeysInForce(legacy).jwks()["keys"]) == 2

    @pytest.mark.parametrize(
        "key",
        [
            ec.generate_private_key(ec.SECP384R1()),
            ec.generate_private_key(ec.SECP256K1()),
            rsa_key("short", 1024),
            ed25519.Ed25519PrivateKey.generate(),
        ],
        ids=["P-384", "secp256k1", "RSA 1024", "Ed25519"],
    )
    def test_another_curve_a_short_rsa_key_or_another_kind_is_refused(
        self, legacy: KeyDirectory, key: Any
    ) -> None:
        path = self.write(legacy.path, key)
        with pytest.raises(BadKeyFile, match=path.name):
            KeysInForce(legacy)

    def test_a_file_that_is_no_key_is_refused_by_name(self, legacy: KeyDirectory) -> None:
        path = legacy.path / "sign-20990101-x.pem"
        path.touch(mode=0o600)
        path.write_text("-----BEGIN nothing")
        with pytest.raises(BadKeyFile, match=path.name):
            KeysInForce(legacy)

    def test_an_encrypted_key_is_refused_by_name(self, legacy: KeyDirectory) -> None:
        path = legacy.path / "sign-20990101-x.pem"
        path.touch(mode=0o600)
        path.write_bytes(
            ec.generate_private_key(ec.SECP256R1()).private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(b"x"),
            )
        )
        with pytest.raises(BadKeyFile, match=path.name):
            KeysInForce(legacy)

    @pytest.mark.parametrize("missing", ["rsa", "p256"])
    def test_both_algorithms_must_have_a_key(self, legacy: KeyDirectory, missing: str) -> None:
        next(legacy.path.glob(f"sign-*-{missing}.pem")).unlink()
        with pytest.raises(BadKeyFile, match="needs an RSA and a P-256 key"):
            KeysInForce(legacy)

    def test_an_empty_directory_is_refused(self, legacy: KeyDirectory) -> None:
        for path in legacy.path.iterdir():
            path.unlink()
        with pytest.raises(BadKeyFile, match="idp keys generate"):
            KeysInForce(legacy)
