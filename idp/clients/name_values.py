"""Names of machines, mailboxes and certificates in clients.yaml: their readers.

Contains what RFC 8705 §2.1.2 compares, and the sector of a pairwise `sub`. Not here: other values (`clients/values`).
"""

import ipaddress
import re

from cryptography import x509

from idp.clients.located_yaml import At
from idp.clients.reader import shaped

_HOST = r"(?=.{1,253}\Z)[a-z0-9-]+(\.[a-z0-9-]+)*"
_MAILBOX = "[!-?A-~]{1,64}@[a-z0-9.-]{1,253}"


@shaped({"type": "string", "pattern": "^[a-z0-9][a-z0-9.-]{1,252}$"})
def sector_host(at: At) -> str:
    """Returns a host name. Redirect URIs of several hosts may share a sector, so it is never guessed (Core §8.1)."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,252}", at.text()):
        raise at.fail("expected a host name in lower case")
    return at.text()


@shaped({"type": "string", "pattern": "="})
def distinguished_name(at: At) -> str:
    """Returns a distinguished name in the form of RFC 4514, as RFC 8705 §2.1.2 requires."""
    try:
        return x509.Name.from_rfc4514_string(at.text()).rfc4514_string()
    except ValueError as error:
        raise at.fail("expected a distinguished name as in RFC 4514: CN=…,O=…,C=FR") from error


@shaped({"type": "string", "pattern": "^[a-z0-9-]+(\\.[a-z0-9-]+)*$", "maxLength": 253})
def host_name(at: At) -> str:
    if not re.fullmatch(_HOST, at.text()):
        raise at.fail("expected a host name in lower case")
    return at.text()


@shaped({"type": "string", "pattern": "^[0-9A-Fa-f.:]+$"})
def ip_address_text(at: At) -> str:
    try:
        return str(ipaddress.ip_address(at.text()))
    except ValueError as error:
        raise at.fail("expected an IP address") from error


@shaped({"type": "string", "pattern": f"^{_MAILBOX}$"})
def mail_address(at: At) -> str:
    if not re.fullmatch(_MAILBOX, at.text()):
        raise at.fail("expected an e-mail address")
    return at.text()
