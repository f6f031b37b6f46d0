"""Contains whether a certificate and a key are a pair that TLS takes. Not here: which settings name them."""

import ssl
from pathlib import Path

from idp.settings.files import require_file

EXPECTED = "a certificate and its own key, PEM, without password"


class NoKeyPair(Exception):
    """Unreadable, or no pair; says nothing of what the files hold."""


def require_key_pair(certificate: Path, key: Path) -> None:
    """Raises NoKeyPair, OSError which names the path: better at the start than at the first call."""
    for path in (certificate, key):
        require_file(path).open("rb").close()
    try:
        # A password would be asked for at the terminal, where no operator is.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, ValueError) as error:
        raise NoKeyPair(EXPECTED) from error
