"""Contains how a refused request is told: one line in the log, a number, and a record that `idp error` finds.

The record names the rule and what of the registration it was compared with, never what was sent but for the place of an
address. Not here: the rules, the answer to the relying party.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from werkzeug.wrappers import Request

from idp.core import measures
from idp.core.errors import NO_FACTS, ClientError, OAuthError, PageError, Problem, Rule
from idp.protocol.rules.form_rules import UNREADABLE
from idp.web.kept_refusals import KeptRefusals

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


@dataclass(frozen=True, slots=True)
class Refusals:
    kept: KeptRefusals

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
        self.kept.keep(request, refused.reference, told)
