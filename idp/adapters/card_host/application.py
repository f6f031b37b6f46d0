"""What the card host answers.

Contains handing the certificate over to the provider, and sending the browser back there. Not here: deciding about the
certificate, pages.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

import structlog

from idp.adapters.card_host.http import CardRequest, CardResponse
from idp.adapters.card_host.socket_listener import peer_block
from idp.core.audit import AuditEvent
from idp.core.ephemeral import EphemeralStore, StoreUnavailable
from idp.core.origin import Origin, coming_from
from idp.core.refusal_trail import RefusalTrail
from idp.interaction.handover import present
from idp.interaction.store import hub_path

log = structlog.get_logger()

_HEADERS = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("Strict-Transport-Security", "max-age=31536000"),
)


def _redirect(location: str) -> CardResponse:
    return CardResponse(303, (*_HEADERS, ("Location", location)), b"")


def _plain(status: HTTPStatus, text: str) -> CardResponse:
    return CardResponse(status, (*_HEADERS, ("Content-Type", "text/plain")), text.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class CardHost:
    """`card_host`: its own origin, as configured. `https://*.host`: each attempt gets a new name."""

    store: EphemeralStore
    trail: RefusalTrail
    issuer: str
    card_host: str
    presentation_life: timedelta
    #: Of the peer, for the audit trail.
    origin_of: Callable[[str], Origin] = lambda _peer: Origin(find_address=str, find_browsing=lambda: None)

    def __call__(self, request: CardRequest) -> CardResponse:
        if request.path == "/health":
            return _plain(HTTPStatus.OK, "ok")
        for check in _CHECKS:
            refusal = check(self, request)
            if refusal is not None:
                return refusal
        found = re.fullmatch(r"/card/([A-Za-z0-9_-]{43})", request.path)
        if found is None:
            return _plain(HTTPStatus.NOT_FOUND, "not found")
        return self._hand_over(found[1], request)

    def record_forged_header(self, peer: str) -> None:
        """A caller that is not the proxy sent a header that only the proxy may send: record the refusal."""
        try:
            with coming_from(self.origin_of(peer)):
                self.trail.record_refusal(AuditEvent.CARD_HEADER_REFUSED, peer_block(peer), place="card_host")
        except StoreUnavailable:
            log.error("card_host_store_unavailable")

    def _hand_over(self, attempt: str, request: CardRequest) -> CardResponse:
        try:
            handed = present(self.store, attempt, request.certificate_der, self.presentation_life)
        except StoreUnavailable:
            log.error("card_host_store_unavailable")
            return _redirect(f"{self.issuer}/cps/unavailable")
        if handed is None:
            return _redirect(f"{self.issuer}/cps/stale")
        interaction_id, token = handed
        if token is None:
            return _redirect(f"{self.issuer}{hub_path(interaction_id)}")
        return _redirect(f"{self.issuer}{hub_path(interaction_id)}/cps?presentation={token}")


def _check_host(host: CardHost, request: CardRequest) -> CardResponse | None:
    """RFC 9110 §7.4: a request for a name that is not ours (DNS rebinding, a shared connection) is misdirected."""
    ours = re.escape(urlsplit(host.card_host).netloc.lower()).replace(r"\*", "[a-z0-9-]{1,63}")
    if re.fullmatch(rf"{ours}(:443)?", request.headers.get("host", "").lower()):
        return None
    return _plain(HTTPStatus.MISDIRECTED_REQUEST, "misdirected request")


def _check_headers(host: CardHost, request: CardRequest) -> CardResponse | None:
    """RFC 9440 §4: only the proxy may say which certificate was shown, and its header never comes this far."""
    if not any(name.startswith("client-cert") for name in request.headers):
        return None
    host.record_forged_header(request.peer)
    return _plain(HTTPStatus.BAD_REQUEST, "bad request")


def _check_navigation(host: CardHost, request: CardRequest) -> CardResponse | None:
    """A person's browser comes here by our redirect, as a whole page: a script, a frame, an image is refused."""
    headers = request.headers
    is_ours = (
        headers.get("origin", "null") in ("null", host.issuer)
        and headers.get("sec-fetch-mode", "navigate") == "navigate"
        and headers.get("sec-fetch-dest", "document") == "document"
    )
    return None if is_ours else _plain(HTTPStatus.FORBIDDEN, "forbidden")


_CHECKS: tuple[Callable[[CardHost, CardRequest], CardResponse | None], ...] = (
    _check_host,
    _check_headers,
    _check_navigation,
)
