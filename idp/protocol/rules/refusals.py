"""Contains how a refused request is told: one line in the log, a number, and a record that `idp error` finds.

The record names the rule and what of the registration it was compared with, never what was sent but for the place of an
address. Not here: the rules, the answer to the relying party.
"""

import secrets
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from werkzeug.wrappers import Request

from idp.core import measures
from idp.core.clock import Clock
from idp.core.ephemeral import EphemeralStore, Kind, StoreUnavailable
from idp.core.errors import NO_FACTS, ClientError, OAuthError, PageError, Problem, Rule
from idp.protocol.rules.form_rules import UNREADABLE
from idp.settings.refusals import RefusalSettings
from idp.web.network import CallerNetworks

log = structlog.get_logger()

#: How a good request may end, too: nobody looks for a fault of the application.
_OUTCOMES = frozenset(
    {
        OAuthError.ACCESS_DENIED,
        OAuthError.LOGIN_REQUIRED,
        OAuthError.INTERACTION_REQUIRED,
        OAuthError.TEMPORARILY_UNAVAILABLE,
        OAuthError.SERVER_ERROR,
        OAuthError.USE_DPOP_NONCE,
    }
)


class RefusedOnPage(PageError):
    """A request whose refusal a person sees, as nobody is proved to whom it could be returned.

    `asked_by`: the registered client that it named; nothing proves that it sent it.
    """

    def __init__(
        self,
        problem: Problem,
        rule: Rule,
        *,
        asked_by: str | None = None,
        client_id: str | None = None,
        facts: Mapping[str, str] = NO_FACTS,
    ) -> None:
        super().__init__(problem, rule.description, client_id=client_id)
        self.rule = rule
        self.rule_id = rule.id
        self.facts = facts
        self.asked_by = asked_by

    @classmethod
    def of(cls, error: ClientError, problem: Problem, client_id: str) -> "RefusedOnPage":
        """Returns the page of an error of this client that cannot be returned."""
        rule = error.rule or UNREADABLE
        return cls(problem, rule, asked_by=client_id, client_id=client_id, facts=error.facts)


@dataclass(slots=True, kw_only=True)
class HourlyShare:
    """How many records this process may still write in this hour: a flood must fill neither the store nor its time."""

    limits: RefusalSettings
    hour: int = 0
    written: int = 0
    of_network: Counter[str] = field(default_factory=Counter)

    def takes(self, network: str, now: datetime) -> bool:
        hour = int(now.timestamp()) // 3600
        if hour != self.hour:
            self.hour, self.written, self.of_network = hour, 0, Counter()
        if self.written >= self.limits.kept or self.of_network[network] >= self.limits.kept_of_network:
            return False
        self.written += 1
        self.of_network[network] += 1
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """`share`: of this process."""

    store: EphemeralStore
    clock: Clock
    networks: CallerNetworks
    limits: RefusalSettings
    share: HourlyShare

    def tell(
        self, request: Request, refused: ClientError | RefusedOnPage, *, endpoint: str, client_id: str | None
    ) -> None:
        """Log the refusal, keep it, and give it its reference. `client_id`: a registered one.

        Nothing is told of how a good request may end.
        """
        if refused.rule_id in _OUTCOMES:
            return
        refused.reference = secrets.token_hex(4)
        told: dict[str, Any] = {"endpoint": endpoint, "rule": refused.rule_id, **refused.facts}
        if client_id is not None:
            told["client_id"] = client_id
        measures.REFUSED_REQUESTS.of(endpoint, refused.rule_id).add()
        log.info("request_refused", reference=refused.reference, **told)
        now = self.clock.now()
        if not self.share.takes(self.networks.of(request), now):
            return
        # What was logged is told already: an outage of the store is no reason to answer otherwise.
        with suppress(StoreUnavailable):
            record = {**told, "at": now.isoformat()}
            self.store.put(Kind.REFUSED_REQUEST, refused.reference, record, self.limits.life)
