"""Who may see the page of the operations listener: this machine itself, or whoever has a certificate for it.

Contains what is answered to others, and the TLS that asks for the certificate. Not here: HTTP (`listener`), the page.
"""

import ipaddress
import ssl
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from idp.adapters.operations.listener import Answer, Endpoint, Question, text_answer

_ELSEWHERE = (
    "This page is shown on this machine alone, or over TLS to whoever has a certificate for it: "
    "CADUCEE_OPERATIONS_PAGE_PORT, docs/administrators-page.md.\n"
)
# A name of others that leads to this machine is how a page elsewhere would read ours (DNS rebinding).
_OTHER_NAME = "This page is at 127.0.0.1, [::1] or localhost: no other name leads to it.\n"


def for_administrators(page: Endpoint, headers: Mapping[str, str]) -> Endpoint:
    """Returns the page, which only they get. `headers`: of every answer."""

    def answer(question: Question) -> Answer:
        refused = _refusal(question)
        given = text_answer(refused, 403) if refused else page(question)
        return Answer(given.status, given.body, given.content_type, {**headers, **given.headers})

    return answer


def page_tls(certificate: Path, key: Path, authorities: Path) -> ssl.SSLContext:
    """Returns the TLS that lets in whoever has a certificate of these authorities. Raises OSError (a file cannot be
    read, or is none of these), ssl.SSLError among them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Without a password OpenSSL would ask for one on the terminal.
    context.load_cert_chain(certificate, key, password=lambda: b"")
    context.load_verify_locations(authorities)
    # An authority below others is enough by itself: with the one above in the list, all whom that one knows would pass.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _refusal(question: Question) -> str:
    """Returns why the page is not for this one; empty: it is."""
    if question.is_proved:
        return ""
    if not question.is_inside:
        return _ELSEWHERE
    return "" if _is_here(question.host) else _OTHER_NAME


def _is_here(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
