"""The hand-over from the card host to the sign-in.

Contains the attempt that goes there and the presentation that comes back, each good once. The attempt is known to the
browser that began it; the presentation's token is given only to the browser that showed the card, and opens only in the
browser that began. So an attacker gets no card by sending a link to a victim, nor by stealing an attempt
(facts/security SE3). Not here: judging the certificate (`idp.cards`).
"""

import base64
import secrets
from dataclasses import dataclass
from datetime import timedelta

from idp.core.ephemeral import EphemeralStore, Kind
from idp.core.octets import b64_octets
from idp.interaction.record import Interaction, opened_by
from idp.interaction.store import GRACE, random_token


@dataclass(frozen=True, slots=True)
class Presentation:
    """A certificate whose key was used before the card host, not yet judged.

    None: the browser showed no certificate.
    """

    interaction_id: str
    certificate_der: bytes | None
    #: The binding of the interaction when the attempt began. None: begun by the version before.
    binding: str | None

    def is_for(self, interaction: Interaction) -> bool:
        return self.interaction_id == interaction.id

    def is_overtaken(self, interaction: Interaction) -> bool:
        """Whether something was proved there since: the attempt is of the former binding, of which there may be a copy
        (docs/adr/0029)."""
        return self.binding not in (None, *opened_by(interaction))


def begin_attempt(store: EphemeralStore, interaction: Interaction, life: timedelta) -> str:
    """Returns the last part of an address on the card host, good for one handshake."""
    attempt = random_token()
    store.put(Kind.CARD_ATTEMPT, attempt, _begun(interaction), life)
    return attempt


def _begun(interaction: Interaction) -> dict[str, str]:
    return {"interaction_id": interaction.id, "binding": interaction.browser}


def attempt_address(card_host: str, attempt: str) -> str:
    """Returns the address that the browser is sent to.

    Under `https://*.host` its name is new to the browser, which remembers a choice of certificate, and a refusal to
    choose, for each name.
    """
    return f"{card_host.replace('*', secrets.token_hex(8))}/card/{attempt}"


def present(
    store: EphemeralStore, attempt: str, certificate_der: bytes | None, life: timedelta
) -> tuple[str, str | None] | None:
    """Called by the card host: end the attempt. Returns (interaction id, token), or None when there is no such attempt.

    The token is None when the attempt was used before: a reload of the page then only leads back to the sign-in.
    """
    # Taken and put back as used: of two handshakes at once, one gets a token.
    begun = store.take(Kind.CARD_ATTEMPT, attempt)
    if begun is None:
        return None
    store.put(Kind.CARD_ATTEMPT, attempt, {**begun, "used": True}, GRACE)
    if begun.get("used"):
        return begun["interaction_id"], None
    token = random_token()
    certificate = None if certificate_der is None else base64.b64encode(certificate_der).decode()
    record = {
        "interaction_id": begun["interaction_id"],
        "binding": begun.get("binding"),
        "certificate": certificate,
    }
    store.put(Kind.CARD_PRESENTATION, token, record, life)
    return begun["interaction_id"], token


def take_presentation(store: EphemeralStore, token: str) -> Presentation | None:
    """Returns the presentation to the one caller that takes it, None when it is unknown, used or too old."""
    record = store.take(Kind.CARD_PRESENTATION, token)
    if record is None:
        return None
    certificate = record["certificate"]
    der = None if certificate is None else b64_octets(certificate)
    return Presentation(record["interaction_id"], der, record.get("binding"))
