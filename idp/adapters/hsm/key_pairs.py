"""Key pairs inside a PKCS#11 session: found, made, read, used. Every function raises PKCS11Error, HsmFault."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from idp.adapters.hsm.library import HsmFault
from idp.adapters.hsm.token import HsmSession
from idp.adapters.hsm.uri import Pkcs11Uri
from idp.adapters.software_signer import RSA_BITS
from idp.signing.public_jwk import PublicKey
from idp.signing.signer import Alg


def find_private_key(session: HsmSession, uri: Pkcs11Uri, alg: Alg) -> Any:
    import pkcs11

    # Ask for the token first: python-pkcs11 writes to stderr when it collects a search that failed in a lost session.
    slot = session.token.slot
    slot.get_token()
    return session.session.get_key(
        object_class=pkcs11.ObjectClass.PRIVATE_KEY, key_type=_key_type(alg), label=uri.object, id=uri.id
    )


def sign_in_token(key: Any, alg: Alg, message: bytes) -> bytes:
    """Returns an RS256 signature, or ES256 as r‖s: PKCS#11 and JWS have the same form (RFC 7518 §3.4)."""
    import pkcs11

    if alg == "RS256":
        signature: bytes = key.sign(message, mechanism=pkcs11.Mechanism.SHA256_RSA_PKCS)
    else:
        # Hashed here: every token has CKM_ECDSA, not every one CKM_ECDSA_SHA256.
        signature = key.sign(hashlib.sha256(message).digest(), mechanism=pkcs11.Mechanism.ECDSA)
    return signature


def make_pair(session: HsmSession, uri: Pkcs11Uri, alg: Alg) -> PublicKey:
    """Returns the public half of a new pair, which can only sign and cannot leave the token."""
    import pkcs11
    from pkcs11.util.ec import encode_named_curve_parameters

    of_alg: Mapping[Alg, tuple[int | None, Mapping[Any, Any]]] = {
        "RS256": (RSA_BITS, {}),
        "ES256": (None, {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}),
    }
    length, public_template = of_alg[alg]
    with session.token.open(rw=True) as writing:
        public, _private = writing.generate_keypair(
            _key_type(alg),
            length,
            id=uri.id,
            label=uri.object,
            store=True,
            capabilities=pkcs11.MechanismFlag.SIGN | pkcs11.MechanismFlag.VERIFY,
            public_template=dict(public_template),
            private_template={
                pkcs11.Attribute.PRIVATE: True,
                pkcs11.Attribute.SENSITIVE: True,
                pkcs11.Attribute.EXTRACTABLE: False,
            },
        )
        return _public_key_of(public)


def destroy_pair(session: HsmSession, uri: Pkcs11Uri) -> None:
    import pkcs11

    with session.token.open(rw=True) as writing:
        for pair_half in list(writing.get_objects({pkcs11.Attribute.ID: uri.id})):
            pair_half.destroy()


def read_public_key(session: HsmSession, uri: Pkcs11Uri) -> PublicKey:
    """Returns the public half of an existing pair. Raises HsmFault: it could leave the token, or is not RSA or EC."""
    import pkcs11

    private = session.session.get_key(
        object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=uri.object, id=uri.id
    )
    if private[pkcs11.Attribute.EXTRACTABLE] or not private[pkcs11.Attribute.SENSITIVE]:
        raise HsmFault("this key could leave the token: make one that cannot")
    public = session.session.get_key(object_class=pkcs11.ObjectClass.PUBLIC_KEY, id=private.id)
    return _public_key_of(public)


def _key_type(alg: Alg) -> Any:
    import pkcs11

    types: Mapping[Alg, Any] = {"RS256": pkcs11.KeyType.RSA, "ES256": pkcs11.KeyType.EC}
    return types[alg]


def _public_key_of(key: Any) -> PublicKey:
    import pkcs11

    readers: Mapping[Any, Callable[[Any], PublicKey]] = {
        pkcs11.KeyType.RSA: _rsa_key_of,
        pkcs11.KeyType.EC: _ec_key_of,
    }
    reader = readers.get(key.key_type)
    if reader is None:
        raise HsmFault("expected an RSA key of 2048 bits or more, or a P-256 key")
    try:
        return reader(key)
    except ValueError as error:
        raise HsmFault("the public key in the token cannot be read") from error


def _rsa_key_of(key: Any) -> PublicKey:
    import pkcs11

    modulus, exponent = key[pkcs11.Attribute.MODULUS], key[pkcs11.Attribute.PUBLIC_EXPONENT]
    numbers = rsa.RSAPublicNumbers(int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big"))
    return numbers.public_key()


def _ec_key_of(key: Any) -> PublicKey:
    import pkcs11
    from pkcs11.util.ec import encode_named_curve_parameters

    if key[pkcs11.Attribute.EC_PARAMS] != encode_named_curve_parameters("secp256r1"):
        raise HsmFault("expected an RSA key of 2048 bits or more, or a P-256 key")
    point: bytes = key[pkcs11.Attribute.EC_POINT]
    # PKCS#11 2.40 §2.3.3: the point is inside an OCTET STRING, which some tokens leave out.
    octets = point[2:] if len(point) == 67 and point[:2] == b"\x04\x41" else point
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), octets)
