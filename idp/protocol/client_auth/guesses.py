"""Contains what is counted of refused client authentications, by client and network: who guesses is slowed and told of.

Nobody is proved yet, so a client that there is and one that there is not are treated alike. Right credentials are never
slowed: anybody in the network of a client, or a page that somebody opens there, could shut it out, and no number of
tries finds 128 bits. A good request costs no look into the store. Not here: the tries of persons (`accounts/throttle`).
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

import structlog
from werkzeug.wrappers import Request

from idp.clients.registry import Client
from idp.core.audit import Audit, AuditEvent
from idp.core.ephemeral import EphemeralStore, Kind
from idp.core.errors import RuleBroken
from idp.protocol.rules.client_rules import TOO_MANY_WRONG
from idp.settings.client_guesses import GuessSettings
from idp.web.network import CallerNetworks

log = structlog.get_logger()

#: Hexadecimal digits: 4096 counters in a network at most, whatever names a caller makes up.
_DIGITS = 3


class Slowed(RuleBroken):
    """Answered by 429."""

    def __init__(self, window: timedelta) -> None:
        super().__init__(TOO_MANY_WRONG)
        self.window = window


@dataclass(frozen=True, slots=True, kw_only=True)
class Guesses:
    store: EphemeralStore
    audit: Audit
    networks: CallerNetworks
    limits: GuessSettings

    def refused(self, request: Request, client_id: str, client: Client | None) -> None:
        """Count credentials that were wrong. Raises Slowed: too many for this client came from this network.

        `client`: the registered one that they name, if any.
        """
        place, limits = self._place(request, client_id), self.limits
        refused = self.store.count(Kind.CLIENT_GUESSES, place, limits.window)
        # Of several at once, one comes to this number: it is told once in a window.
        if refused == limits.most and client is not None:
            log.warning("client_guessed", client_id=client.client_id, refused=refused)
            self.audit.record(
                AuditEvent.CLIENT_GUESSED,
                account_id=None,
                client_id=client.client_id,
                interaction_id=None,
                rpps=None,
                refused=refused,
            )
        if refused <= limits.most:
            return
        if self.store.count(Kind.CLIENT_TRIES_WHILE_SLOW, place, limits.tries_window) > limits.tries:
            raise Slowed(limits.tries_window)

    def _place(self, request: Request, client_id: str) -> str:
        digest = hashlib.sha256(client_id.encode("utf-8", "replace")).hexdigest()
        return f"{digest[:_DIGITS]} {self.networks.of(request)}"
