"""OCSP with the responder of the IGC (RFC 6960): one question, and an answer only if it proves something.

Contains the request, and every check of the response. Not here: an address written in a certificate (ours comes from
configuration), what to do without an answer (`idp.cards.revocation`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_bytes
from time import perf_counter
from typing import Protocol

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from idp.adapters.http.bounded import HttpAnswer, NoUsableAnswer
from idp.cards.revocation import CrlAnswer, OcspAnswer
from idp.core.measures import OCSP_ANSWERS, OCSP_SECONDS

_log = structlog.get_logger(__name__)

_NONCE_BYTES = 16
_MINIMUM_RSA_BITS = 2048
_HASHES: Mapping[x509.ObjectIdentifier, hashes.HashAlgorithm] = {
    SignatureAlgorithmOID.RSA_WITH_SHA256: hashes.SHA256(),
    SignatureAlgorithmOID.RSA_WITH_SHA384: hashes.SHA384(),
    SignatureAlgorithmOID.RSA_WITH_SHA512: hashes.SHA512(),
}
_ANSWERS: Mapping[ocsp.OCSPCertStatus, OcspAnswer] = {
    ocsp.OCSPCertStatus.GOOD: OcspAnswer.GOOD,
    ocsp.OCSPCertStatus.REVOKED: OcspAnswer.REVOKED,
    ocsp.OCSPCertStatus.UNKNOWN: OcspAnswer.UNKNOWN,
}


class PostsBytes(Protocol):
    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        """Returns the answer. Raises NoUsableAnswer."""


class _ProvesNothing(Exception):
    """The response is refused; the message tells the log by which rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspClient:
    """`max_age`: no good answer counts for longer, whatever end it states, nor any that states none (CP3).

    `skew`: how far the two clocks may be apart.
    """

    url: str
    http: PostsBytes
    skew: timedelta
    max_age: timedelta

    def ask(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        *,
        now: datetime,
        listing: Callable[[int], CrlAnswer],
    ) -> OcspAnswer:
        """Returns what the responder says, NONE when it proves nothing.

        `listing`: what the issuer's list says about the serial of a delegated responder.
        """
        begun = perf_counter()
        said = self._said(certificate, issuer, now, listing)
        OCSP_SECONDS.of().took(perf_counter() - begun)
        OCSP_ANSWERS.of(str(said)).add()
        return said

    def why_silent(self, issuer: x509.Certificate) -> str | None:
        """Returns why the responder cannot be asked about cards of this authority; None: it answers. What it says of
        an invented card proves nothing, and is not read."""
        # The serial number of the authority itself: it issued no card of that number.
        asked = ocsp.OCSPRequestBuilder().add_certificate(issuer, issuer, hashes.SHA1()).build()  # noqa: S303
        try:
            self._answered(asked)
        except (_ProvesNothing, NoUsableAnswer) as fault:
            return str(fault)
        return None

    def _said(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        now: datetime,
        listing: Callable[[int], CrlAnswer],
    ) -> OcspAnswer:
        # SHA-1 only names the certificate here, and signs nothing; every responder understands it.
        builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303
        asked = builder.add_extension(x509.OCSPNonce(token_bytes(_NONCE_BYTES)), critical=False).build()
        try:
            response = self._exchange(asked)
            self._check_signature(response, issuer, now, listing)
            single = self._matching(response, asked)
            self._check_fresh(single, now)
            if single.revocation_reason is x509.ReasonFlags.certificate_hold:
                return OcspAnswer.ON_HOLD
            return _ANSWERS[single.certificate_status]
        except (_ProvesNothing, NoUsableAnswer) as fault:
            _log.warning("ocsp_no_answer", reason=str(fault))
            return OcspAnswer.NONE
        except Exception as fault:  # an attacker's bytes make the library raise many things
            _log.warning("ocsp_no_answer", reason=f"unreadable: {type(fault).__name__}")
            return OcspAnswer.NONE

    def _answered(self, asked: ocsp.OCSPRequest) -> bytes:
        headers = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}
        answer = self.http.post(self.url, asked.public_bytes(Encoding.DER), headers)
        if answer.status != 200 or answer.media_type != "application/ocsp-response":
            raise _ProvesNothing(f"HTTP {answer.status}, {answer.media_type or 'no media type'}")
        return answer.body

    def _exchange(self, asked: ocsp.OCSPRequest) -> ocsp.OCSPResponse:
        response = ocsp.load_der_ocsp_response(self._answered(asked))
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise _ProvesNothing(f"responder says {response.response_status.name}")
        _check_nonce(response, asked)
        return response

    def _check_signature(
        self,
        response: ocsp.OCSPResponse,
        issuer: x509.Certificate,
        now: datetime,
        listing: Callable[[int], CrlAnswer],
    ) -> None:
        digest = _HASHES.get(response.signature_algorithm_oid)
        if digest is None:
            raise _ProvesNothing("signature algorithm")
        # RFC 6960 §4.2.2.2: signed by the issuer itself, or by a responder for which it issued a certificate.
        for key in (issuer.public_key(), *_delegates(response, issuer, now, listing)):
            if isinstance(key, RSAPublicKey) and _verifies(
                key, response.signature, response.tbs_response_bytes, digest
            ):
                return
        raise _ProvesNothing("signed by neither the issuer nor its delegate")

    def _matching(self, response: ocsp.OCSPResponse, asked: ocsp.OCSPRequest) -> ocsp.OCSPSingleResponse:
        # RFC 6960 §3.2 (1): the answer must be about the certificate in the question.
        for single in response.responses:
            if (
                single.serial_number == asked.serial_number
                and single.hash_algorithm.name == asked.hash_algorithm.name
                and single.issuer_key_hash == asked.issuer_key_hash
                and single.issuer_name_hash == asked.issuer_name_hash
            ):
                return single
        raise _ProvesNothing("about another certificate")

    def _check_fresh(self, single: ocsp.OCSPSingleResponse, now: datetime) -> None:
        # RFC 6960 §3.2 (5, 6), §4.2.2.1. Without a nonce only the dates keep an attacker from showing an old answer.
        begins = single.this_update_utc
        longest = begins + self.max_age
        ends = single.next_update_utc or longest
        if single.certificate_status is ocsp.OCSPCertStatus.GOOD:
            ends = min(ends, longest)
        if begins > now + self.skew:
            raise _ProvesNothing("from the future")
        if now > ends + self.skew:
            raise _ProvesNothing("stale")


def _check_nonce(response: ocsp.OCSPResponse, asked: ocsp.OCSPRequest) -> None:
    try:
        answered = response.extensions.get_extension_for_class(x509.OCSPNonce).value
    except x509.ExtensionNotFound:
        return  # RFC 6960 §4.4.1: a responder need not know nonces; then only the dates prove that it is fresh
    if answered != asked.extensions.get_extension_for_class(x509.OCSPNonce).value:
        raise _ProvesNothing("another nonce")


def _delegates(
    response: ocsp.OCSPResponse,
    issuer: x509.Certificate,
    now: datetime,
    listing: Callable[[int], CrlAnswer],
) -> Iterator[RSAPublicKey]:
    for certificate in response.certificates:
        key, digest = certificate.public_key(), _HASHES.get(certificate.signature_algorithm_oid)
        issuer_key = issuer.public_key()
        if (
            isinstance(key, RSAPublicKey)
            and key.key_size >= _MINIMUM_RSA_BITS
            and isinstance(issuer_key, RSAPublicKey)
            and digest is not None
            and certificate.issuer == issuer.subject
            and certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
            and _may_sign_answers(certificate)
            and _verifies(issuer_key, certificate.signature, certificate.tbs_certificate_bytes, digest)
            and _is_cleared(certificate, listing(certificate.serial_number))
        ):
            yield key


def _may_sign_answers(certificate: x509.Certificate) -> bool:
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in purposes


def _is_cleared(certificate: x509.Certificate, listed: CrlAnswer) -> bool:
    """Whether a delegated responder is not revoked (RFC 6960 §4.2.2.2.1).

    id-pkix-ocsp-nocheck: a short-lived one is trusted without a check for its life. We fetch nothing for it, but follow
    a list that we have: the authority itself signed that.
    """
    if listed is CrlAnswer.LISTED:
        return False
    needs_no_check = any(isinstance(one.value, x509.OCSPNoCheck) for one in certificate.extensions)
    return needs_no_check or listed is CrlAnswer.NOT_LISTED


def _verifies(key: RSAPublicKey, signature: bytes, signed: bytes, digest: hashes.HashAlgorithm) -> bool:
    try:
        key.verify(signature, signed, PKCS1v15(), digest)
    except InvalidSignature:
        return False
    return True
