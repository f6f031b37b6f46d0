"""The public half of a signing key as a JWK (RFC 7517), and its kid: the thumbprint of RFC 7638."""

from collections.abc import Mapping

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from idp.signing.key_ring import b64u
from idp.signing.signer import Alg

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


def alg_of(key: object) -> Alg | None:
    """Returns the algorithm of an RSA key of 2048 bits or more (facts/security JW5) or a P-256 key, else None."""
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
        return "RS256"
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return "ES256"
    return None


def public_members(key: PublicKey) -> dict[str, str]:
    """Returns the members of RFC 7518 §6.2.1 and §6.3.1."""
    if isinstance(key, rsa.RSAPublicKey):
        rsa_numbers = key.public_numbers()
        octets = (rsa_numbers.n.bit_length() + 7) // 8
        exponent_octets = (rsa_numbers.e.bit_length() + 7) // 8
        return {
            "e": _unsigned(rsa_numbers.e, exponent_octets),
            "kty": "RSA",
            "n": _unsigned(rsa_numbers.n, octets),
        }
    numbers = key.public_numbers()
    return {"crv": "P-256", "kty": "EC", "x": _unsigned(numbers.x, 32), "y": _unsigned(numbers.y, 32)}


def thumbprint(members: Mapping[str, str]) -> str:
    """Returns the thumbprint of RFC 7638 §3: SHA-256 of the required members in lexical order."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(("{" + ",".join(f'"{k}":"{v}"' for k, v in sorted(members.items())) + "}").encode())
    return b64u(digest.finalize())


def _unsigned(number: int, octets: int) -> str:
    return b64u(number.to_bytes(octets, "big"))
