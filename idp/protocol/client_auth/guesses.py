"""Contains what is counted of refused client authentications, by client and network: who guesses is slowed and told of.

Nobody is proved yet, so a client that there is and one that there is not are treated alike, and no client is closed to
other networks. A good request costs no look into the store. Not here: the tries of persons (`accounts/throttle`).
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from werkzeug.wrappers import Request

from idp.clients.registry import Client
from idp.core.audit import Audit, AuditEvent
from idp.core.clock import Clock
from idp.core.ephemeral import EphemeralStore, Kind
from idp.core.errors import RuleBroken
from idp.protocol.rules.client_rules import TOO_MANY_WRONG
from idp.settings.client_guesses import GuessSettings
from idp.web.network import CallerNetworks

log = structlog.get_logger()

#: Hexadecimal digits: 4096 counters in a network at most, whatever names a caller makes up.
_DIGITS = 3
#: Places that a process knows to be slow; of more, the first ones are forgotten.
_MOST = 10_000


class Slowed(RuleBroken):
    """Answered by 429: nothing was compared."""

    def __init__(self, window: timedelta) -> None:
        super().__init__(TOO_MANY_WRONG)
        self.window = window


@dataclass(frozen=True, slots=True, kw_only=True)
class Guesses:
    store: EphemeralStore
    audit: Audit
    clock: Clock
    networks: CallerNetworks
    limits: GuessSettings
    #: What this process knows to be slow, and until when; the counters of all are in the store.
    slow: dict[str, datetime] = field(default_factory=dict)

    def admit(self, request: Request, client_id: str) -> None:
        """Raises Slowed: too many credentials for this client came from this network, and were wrong."""
        if not self.slow:
            return
        place, window = self._place(request, client_id), self.limits.tries_window
        if self.slow.get(place, self.clock.now()) <= self.clock.now():
            return
        if self.store.count(Kind.CLIENT_TRIES_WHILE_SLOW, place, window) > self.limits.tries:
            raise Slowed(window)

    def refused(self, request: Request, client_id: str, client: Client | None) -> None:
        """Count credentials that were wrong. `client`: the registered one that they name, if any."""
        place, limits = self._place(request, client_id), self.limits
        refused = self.store.count(Kind.CLIENT_GUESSES, place, limits.window)
        if refused < limits.most:
            return
        # Learned by each process at its own next refusal, and again once this has passed.
        if len(self.slow) >= _MOST:
            self.slow.pop(next(iter(self.slow)), None)
        self.slow[place] = self.clock.now() + limits.tries_window
        # Of several at once, one comes to this number.
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

    def right(self, request: Request, client_id: str) -> None:
        """The client proved itself from there: what came before was its own mistake."""
        if not self.slow:
            return
        place = self._place(request, client_id)
        if self.slow.pop(place, None) is not None:
            self.store.clear([(Kind.CLIENT_GUESSES, place), (Kind.CLIENT_TRIES_WHILE_SLOW, place)])

    def _place(self, request: Request, client_id: str) -> str:
        digest = hashlib.sha256(client_id.encode("utf-8", "replace")).hexdigest()
        return f"{digest[:_DIGITS]} {self.networks.of(request)}"
