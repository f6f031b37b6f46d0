"""Signers over RSA and P-256 keys that never leave the HSM, through p11-kit (docs/adr/0018).

Contains signing in a session, proving a key, making one, taking an existing one. Not here: threads (`hsm.py`), logins
(`token.py`), when a key signs (`key_files/directory.py`), a software key to fall back to: there is none.
"""

import base64
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from idp.adapters.hsm.hsm import Hsm
from idp.adapters.hsm.key_pairs import (
    destroy_pair,
    find_private_key,
    make_pair,
    read_public_key,
    sign_in_token,
)
from idp.adapters.hsm.library import HsmFault
from idp.adapters.hsm.token import HsmSession
from idp.adapters.hsm.uri import BadPkcs11Uri, Pkcs11Uri, parse_pkcs11_uri
from idp.adapters.software_signer import BadKeyFile
from idp.core.octets import b64_octets
from idp.signing.public_jwk import PublicKey, alg_of, public_members, thumbprint
from idp.signing.schedule import KeyRecord
from idp.signing.signer import Alg, SignerUnavailable

log = structlog.get_logger()

#: How long a signature proves that the key is there; the next caller then makes another. Short: within it, a code may
#: be used up for a token that cannot be signed.
_PROOF_SECONDS = 0.5
#: facts/security §4.6: how long a readiness check may take.
_PROBE_WITHIN = timedelta(milliseconds=500)
#: A small HSM needs minutes to make an RSA pair.
_MAKE_WITHIN = timedelta(minutes=5)
_PROBE = b"caducee: is this key there"


def _encoded(key: PublicKey) -> str:
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def _decoded(text: str) -> PublicKey:
    """Raises ValueError."""
    key: Any = load_der_public_key(b64_octets(text))
    if alg_of(key) is None:
        raise ValueError("not an RSA key of 2048 bits or more, nor a P-256 key")
    found: PublicKey = key
    return found


def is_signature(key: PublicKey, message: bytes, signature: bytes) -> bool:
    """Whether a relying party would accept the signature (RFC 7518 §3.3, §3.4)."""
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        elif len(signature) != 64:
            return False
        else:
            r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
            key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


class HsmSigner:
    """One key. Its public half comes from the ring: the key set is served even while the HSM is away."""

    def __init__(self, hsm: Hsm, uri: Pkcs11Uri, public_key: PublicKey) -> None:
        """Raises HsmFault for a key of another kind."""
        alg = alg_of(public_key)
        if alg is None:
            raise HsmFault("expected an RSA key of 2048 bits or more, or a P-256 key")
        self.alg: Alg = alg
        self._hsm, self._uri, self._public_key = hsm, uri, public_key
        self._members = public_members(public_key)
        self.kid = thumbprint(self._members)
        self._signed_at: float | None = None

    @property
    def encoded_public_key(self) -> str:
        """SubjectPublicKeyInfo, DER, base64: as stored in the ring."""
        return _encoded(self._public_key)

    def sign(self, message: bytes) -> bytes:
        return self._sign(message, None)

    def require_ready(self) -> None:
        self._prove(None)

    def is_alive(self) -> bool:
        try:
            self._prove(_PROBE_WITHIN)
        except SignerUnavailable:
            return False
        return True

    def public_jwk(self) -> Mapping[str, str]:
        return {**self._members, "kid": self.kid, "use": "sig", "alg": self.alg}

    def _prove(self, within: timedelta | None) -> None:
        """Sign a test message, unless the key signed a moment ago and its token was not lost since."""
        signed_at = self._signed_at
        is_fresh = signed_at is not None and time.monotonic() < signed_at + _PROOF_SECONDS
        if not is_fresh or self._hsm.is_lost(self._uri.of_token):
            self._sign(_PROBE, within)

    def _sign(self, message: bytes, within: timedelta | None) -> bytes:
        try:
            signature = self._hsm.run(
                self._uri.of_token, lambda session: self._sign_in(session, message), within=within
            )
        except SignerUnavailable:
            self._signed_at = None
            raise
        self._signed_at = time.monotonic()
        return signature

    def _sign_in(self, session: HsmSession, message: bytes) -> bytes:
        """Returns the signature. Raises PKCS11Error; HsmFault when another key answers to the URI."""
        key = session.keys.get(self._uri)
        if key is None:
            # The self-test, in each session that finds the key: another token of this name may have replaced the first.
            key = find_private_key(session, self._uri, self.alg)
            if not is_signature(self._public_key, _PROBE, sign_in_token(key, self.alg, _PROBE)):
                raise HsmFault("the key in the token is not the key of the ring")
            session.keys[self._uri] = key
        signature = sign_in_token(key, self.alg, message)
        if self.alg == "ES256" and len(signature) != 64:
            raise HsmFault("an ES256 signature must have 64 bytes")
        return signature


@dataclass(frozen=True, slots=True)
class HsmKeys:
    """The keys in the HSM, as the keys directory needs them."""

    hsm: Hsm

    def open(self, record: KeyRecord) -> HsmSigner:
        """Returns the signer of a record, without a call to the HSM. Raises BadKeyFile for a faulty record."""
        try:
            signer = HsmSigner(self.hsm, parse_pkcs11_uri(record.file), _decoded(record.public_key or ""))
        except ValueError as error:
            reason = error if isinstance(error, BadPkcs11Uri) else "`public_key` is no key of ours"
            raise BadKeyFile(f"key {record.kid}: {reason}") from error
        if (signer.kid, signer.alg) != (record.kid, record.alg):
            raise BadKeyFile(f"key {record.kid}: not the {record.alg} key of its `public_key`")
        return signer

    def prove(self, signer: HsmSigner) -> None:
        """The self-test at a start. Raises BadKeyFile when the HSM answers and this key does not sign.

        When the HSM does not answer, that is logged and the start goes on: the key set is served meanwhile.
        """
        try:
            signer.sign(_PROBE)
        except HsmFault as error:
            raise BadKeyFile(f"key {signer.kid} in hardware: {error}") from error
        except SignerUnavailable as error:
            log.error("hsm_unavailable_at_start", kid=signer.kid, reason=str(error))

    def make(self, alg: Alg, token: Pkcs11Uri, label: str) -> tuple[HsmSigner, Pkcs11Uri]:
        """Make a pair in the HSM, and prove it. Raises SignerUnavailable."""
        while True:
            uri = replace(token, object=label, id=secrets.token_bytes(16))
            public_key = self._run_slow(token, partial(make_pair, uri=uri, alg=alg))
            signer = HsmSigner(self.hsm, uri, public_key)
            # A kid that begins with a dash would be taken for an option on a command line.
            if not signer.kid.startswith("-"):
                signer.sign(_PROBE)
                return signer, uri
            self.hsm.run(token, partial(destroy_pair, uri=uri))

    def take(self, uri: Pkcs11Uri) -> HsmSigner:
        """Returns the signer of a pair that is already in the HSM, and proves it. Raises SignerUnavailable."""
        public_key = self._run_slow(uri.of_token, partial(read_public_key, uri=uri))
        signer = HsmSigner(self.hsm, uri, public_key)
        signer.sign(_PROBE)
        return signer

    def _run_slow(self, token: Pkcs11Uri, act: Callable[[HsmSession], PublicKey]) -> PublicKey:
        return self.hsm.run(token, act, within=_MAKE_WITHIN)
