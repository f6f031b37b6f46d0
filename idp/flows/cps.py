"""The CPx card.

Contains the way to the card host, and what the card presented there makes of the interaction. Not here: TLS
(`adapters/card_host`), the verdict (`cards`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from werkzeug.wrappers import Request, Response

from idp.accounts.account import ProvedIdentity
from idp.accounts.repository import AccountRepository
from idp.cards.certificate import Card
from idp.cards.nomenclature import CodedLabel, in_training
from idp.cards.revocation import RevocationSource
from idp.cards.trust import CardPolicy, CardRefusal, CardRefused, verify_card
from idp.core.audit import AuditEvent, Fact
from idp.core.clock import Clock
from idp.core.ephemeral import EphemeralStore
from idp.core.errors import PageError, Problem
from idp.flows.shared.card_facts import facts_of, holder_of, names_of, shown_by
from idp.flows.shared.desk import Desk
from idp.flows.shared.proved import Admission
from idp.interaction.assurance import paths_for
from idp.interaction.handover import attempt_address, begin_attempt, take_presentation
from idp.interaction.record import Interaction, event_of, with_event
from idp.pages.sign_in import CpsPage
from idp.web.addresses import redirect
from idp.web.page_routes import PageRoute

_NOTHING_SHOWN: Mapping[str, Fact] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class CpsFlow:
    desk: Desk
    admission: Admission
    accounts: AccountRepository
    store: EphemeralStore
    policy: CardPolicy
    revocation: RevocationSource
    clock: Clock
    card_host: str
    attempt_life: timedelta

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("POST", "/interaction/<interaction_id>/cps", self.begin)
        yield PageRoute("GET", "/interaction/<interaction_id>/cps", self.complete)
        yield PageRoute("GET", "/cps/stale", self.stale)
        yield PageRoute("GET", "/cps/unavailable", self.unavailable)

    def begin(self, request: Request, interaction_id: str) -> Response:
        """Send the browser to the card host: a click and a new handshake, or a remembered certificate would sign in
        (facts/security CP6)."""
        interaction = self.desk.open(request, interaction_id)
        self.desk.form(request, interaction)
        if not self.desk.doors(interaction).cps:
            return self.desk.back(interaction)
        self.desk.set_out(interaction)
        attempt = begin_attempt(self.store, interaction, self.attempt_life)
        return redirect(attempt_address(self.card_host, attempt))

    def complete(self, request: Request, interaction_id: str) -> Response:
        interaction = self.desk.open(request, interaction_id, repeats="cps")
        token = request.args.get("presentation")
        if token is None:
            return self.desk.back(interaction)
        # Good once, and only for the interaction that began the attempt (facts/security SE3): a step of its own.
        presentation = take_presentation(self.store, token)
        if presentation is None:
            return self._refuse(request, interaction, "stale")
        if not presentation.is_for(interaction):
            return self._refuse(request, interaction, "mismatch")
        if presentation.is_overtaken(interaction):
            return self.desk.back(interaction)
        now = self.clock.now()
        try:
            card = verify_card(presentation.certificate_der, self.policy, now=now, revocation=self.revocation)
            identity = _identity(card, now)
        except CardRefused as refused:
            shown = shown_by(presentation.certificate_der, refused)
            return self._refuse(request, interaction, str(refused.reason), shown, holder_of(refused))
        if not card.is_status_known:
            return self._without_status(request, interaction, identity, card, presentation.certificate_der)
        event, facts = event_of("cps", now), facts_of(card, presentation.certificate_der)

        def tell(proved: Interaction) -> None:
            self.desk.audit_event(AuditEvent.CARD_LOGIN_ACCEPTED, proved, rpps=identity.rpps, **facts)

        return self.desk.prove(self.admission.admit(interaction, event, identity, tell))

    def _without_status(
        self,
        request: Request,
        interaction: Interaction,
        identity: ProvedIdentity,
        card: Card,
        der: bytes | None,
    ) -> Response:
        """The operator's bypass (docs/adr/0017): who has an account signs in, at a lower acr; nothing else changes."""
        account, needed = self.accounts.find_by_rpps(identity.rpps), interaction.needed
        if account is None or ("cps_unchecked",) not in paths_for(needed, interaction.essential):
            refusal, shown = CardRefusal.STATUS_UNKNOWN, names_of(card)
            return self._refuse(request, interaction, refusal, shown, identity.rpps)
        event = event_of("cps_unchecked", identity.verified_at)
        proved = with_event(interaction, event, account)
        if not account.may_sign_in:
            self.admission.refuse_disabled(proved, identity, account.disabled_motive)
        self.desk.audit_event(AuditEvent.CARD_STATUS_BYPASSED, proved, "", **facts_of(card, der))
        return self.desk.prove(proved)

    def stale(self, request: Request) -> Response:
        """Raises PageError: the card host knew no such attempt; it was used before, too old, or never begun."""
        raise PageError(Problem.INTERACTION_UNKNOWN, "card attempt")

    def unavailable(self, request: Request) -> Response:
        """Raises PageError."""
        raise PageError(Problem.UNAVAILABLE, "card host without store")

    def _refuse(
        self,
        request: Request,
        interaction: Interaction,
        reason: str,
        shown: Mapping[str, Fact] = _NOTHING_SHOWN,
        holder: str = "",
    ) -> Response:
        """`shown`: what finds the card again; `holder`: the RPPS that it names."""
        self.desk.audit_event(AuditEvent.CARD_LOGIN_REFUSED, interaction, rpps=holder, reason=reason, **shown)
        doors = self.desk.doors(interaction)
        return self.desk.show(request, interaction, "cps.html", CpsPage(reason, doors), 403)


def _identity(card: Card, now: datetime) -> ProvedIdentity:
    """Returns the identity. Raises CardRefused: an account is keyed by RPPS, and an employee's card has none."""
    rpps = card.national_id.rpps
    if rpps is None:
        raise CardRefused(CardRefusal.NO_RPPS)
    return ProvedIdentity(
        rpps=rpps,
        family_name=card.family_name,
        given_name=card.given_name,
        profession=card.profession or _in_training(card.future_profession),
        specialities=card.specialities,
        source="cps",
        verified_at=now,
        evidence=card.fingerprint_sha256,
        stated_at=card.not_before,
    )


def _in_training(future: CodedLabel | None) -> CodedLabel | None:
    return None if future is None else in_training(future.code)
