"""Contains who signed the certificate that a TLS server presents, unverified: for a message alone. Not here: calls."""

import socket
import ssl
from contextlib import suppress
from urllib.parse import urlsplit

from cryptography import x509

_SECONDS = 5.0


def signer_of(url: str) -> str | None:
    """Returns the issuer of the certificate, in the form of RFC 4514; None when the server presents none."""
    parts = urlsplit(url)
    # Nothing is sent on this connection, and nothing that comes is believed: it says what is not trusted, and why.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with suppress(OSError, ValueError):
        place = (parts.hostname or "", parts.port or 443)
        with (
            socket.create_connection(place, timeout=_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=parts.hostname) as secured,
        ):
            presented = secured.getpeercert(binary_form=True)
        return x509.load_der_x509_certificate(presented).issuer.rfc4514_string() if presented else None
    return None
