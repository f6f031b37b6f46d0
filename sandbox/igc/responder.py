"""`python -m sandbox.igc.responder DIR --port N`: the lists of the test IGC over HTTP, and its OCSP responder.

Contains serving what `directory` wrote. Not here: the authorities' keys (nobody has them any more);
answers are signed by the delegate.
"""

import argparse
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import ocsp

from sandbox.serving import serve

_LISTS = {"/igc/CRL/ACI-FO-PP-TEST.crl": "issuing.crl", "/igc/CRL/ACR-FO-TEST.crl": "root.crl"}
_REQUEST_BYTES = 8 * 1024
_ANSWER_LIFE = timedelta(minutes=10)

Answer = tuple[str, str, bytes]
_NOT_FOUND: Answer = ("404 Not Found", "text/plain", b"not found\n")


@dataclass(slots=True)
class Switches:
    """`POST /control` with `ocsp=silent` or `ocsp=answering`: to see a sign-in without an answer."""

    is_silent: bool = False


@dataclass(frozen=True, slots=True)
class Responder:
    """`issued`: certificates by serial. The responder answers « unknown » for any other serial."""

    issuer: x509.Certificate
    certificate: x509.Certificate
    key: RSAPrivateKey
    issued: Mapping[int, x509.Certificate]
    revoked: Mapping[int, datetime]
    lists: Mapping[str, bytes]
    switches: Switches

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        status, media_type, body = self._answer(environ)
        start_response(status, [("Content-Type", media_type), ("Content-Length", str(len(body)))])
        return [body]

    def _answer(self, environ: dict[str, Any]) -> Answer:
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        if method == "GET" and path == "/health":
            return "200 OK", "text/plain", b"ok\n"
        if method == "GET" and path in self.lists:
            return "200 OK", "application/pkix-crl", self.lists[path]
        if method == "POST" and path == "/control":
            self.switches.is_silent = _body(environ) == b"ocsp=silent"
            return "200 OK", "text/plain", b"ok\n"
        if method == "POST" and path == "/igc/ocsp" and not self.switches.is_silent:
            return "200 OK", "application/ocsp-response", self._ocsp(environ)
        return _NOT_FOUND

    def _ocsp(self, environ: dict[str, Any]) -> bytes:
        try:
            asked = ocsp.load_der_ocsp_request(_body(environ))
        except ValueError:
            return _unsuccessful(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
        certificate = self.issued.get(asked.serial_number)
        if certificate is None:
            # The builder needs the certificate itself: this IGC issued no other than these.
            return _unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
        return self._signed(asked, certificate)

    def _signed(self, asked: ocsp.OCSPRequest, certificate: x509.Certificate) -> bytes:
        now = datetime.now(UTC).replace(microsecond=0)
        revoked_at = self.revoked.get(certificate.serial_number)
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=certificate,
                issuer=self.issuer,
                algorithm=asked.hash_algorithm,
                cert_status=ocsp.OCSPCertStatus.REVOKED if revoked_at else ocsp.OCSPCertStatus.GOOD,
                this_update=now,
                next_update=now + _ANSWER_LIFE,
                revocation_time=revoked_at,
                revocation_reason=None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, self.certificate)
            .certificates([self.certificate])
        )
        for extension in asked.extensions:
            if isinstance(extension.value, x509.OCSPNonce):
                builder = builder.add_extension(extension.value, critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)


def _body(environ: dict[str, Any]) -> bytes:
    body: bytes = environ["wsgi.input"].read(min(int(environ.get("CONTENT_LENGTH") or 0), _REQUEST_BYTES))
    return body


def _unsuccessful(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)


def open_responder(directory: Path) -> Responder:
    """Returns the responder of an IGC that `ensure_igc` made in this directory."""
    issuer, certificate = (_certificate(directory / "ca" / name) for name in ("issuing.pem", "ocsp.crt"))
    key = load_pem_private_key((directory / "ca" / "ocsp.key").read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    issued = [_certificate(path) for path in (directory / "cards").glob("*.crt")]
    revoked = x509.load_der_x509_crl((directory / "ca" / "issuing.crl").read_bytes())
    return Responder(
        issuer,
        certificate,
        key,
        {one.serial_number: one for one in issued},
        {one.serial_number: one.revocation_date_utc for one in revoked},
        {path: (directory / "ca" / name).read_bytes() for path, name in _LISTS.items()},
        Switches(),
    )


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.igc.responder", description=__doc__)
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    serve({options.port: open_responder(options.directory)})


if __name__ == "__main__":
    main()
