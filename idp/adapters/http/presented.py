"""Contains what a connection shows before anything is sent on it: who signed the certificate of a TLS server,
unverified, for a message alone; the address that we have on the way there. Not here: calls."""

import socket
import ssl
from contextlib import suppress
from datetime import datetime
from urllib.parse import urlsplit

from cryptography import x509

_SECONDS = 5.0


def signer_of(url: str) -> str | None:
    """Returns the issuer of the certificate, in the form of RFC 4514; None when the server presents none."""
    presented = _presented(url)
    return presented.issuer.rfc4514_string() if presented else None


def end_of(url: str) -> datetime | None:
    """Returns when the certificate ends; None when the server presents none, as over http."""
    presented = _presented(url)
    return presented.not_valid_after_utc if presented else None


def _presented(url: str) -> x509.Certificate | None:
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
        return x509.load_der_x509_certificate(presented) if presented else None
    return None


def own_address_towards(url: str) -> str | None:
    """Returns the address from which this machine goes there; None when nobody answers."""
    parts = urlsplit(url)
    place = (parts.hostname or "", parts.port or {"https": 443}.get(parts.scheme, 80))
    with suppress(OSError, ValueError), socket.create_connection(place, timeout=_SECONDS) as plain:
        return str(plain.getsockname()[0])
    return None
