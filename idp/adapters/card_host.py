"""What the card host answers: it judges nothing and shows nothing, it hands the certificate over and sends back."""

import re
from dataclasses import dataclass
from datetime import timedelta

import structlog

from idp.adapters.card_http import CardRequest, CardResponse
from idp.ephemeral import EphemeralStore, StoreUnavailable
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


@dataclass(frozen=True, slots=True)
class CardHost:
    store: EphemeralStore
    issuer: str
    presentation_life: timedelta

    def __call__(self, request: CardRequest) -> CardResponse:
        if request.path == "/health":
            return CardResponse(200, (*_HEADERS, ("Content-Type", "text/plain")), b"ok")
        found = re.fullmatch(r"/card/([A-Za-z0-9_-]{43})", request.path)
        if found is None:
            return CardResponse(404, (*_HEADERS, ("Content-Type", "text/plain")), b"not found")
        try:
            handed = present(self.store, found[1], request.certificate_der, self.presentation_life)
        except StoreUnavailable:
            log.error("card_host_store_unavailable")
            return _redirect(f"{self.issuer}/cps/unavailable")
        if handed is None:
            return _redirect(f"{self.issuer}/cps/stale")
        interaction_id, token = handed
        if token is None:
            return _redirect(f"{self.issuer}{hub_path(interaction_id)}")
        return _redirect(f"{self.issuer}{hub_path(interaction_id)}/cps?presentation={token}")
