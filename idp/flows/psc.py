"""Contains Pro Santé Connect: the way there, the callback, the person it proves. Not here: its protocol."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from werkzeug.wrappers import Request, Response

from idp.accounts.account import ProvedIdentity
from idp.accounts.repository import AccountRepository
from idp.accounts.upstream_link import SubjectOfAnother
from idp.accounts.upstream_linking import UpstreamLinking, UpstreamProof, proof_of
from idp.core.audit import AuditEvent
from idp.core.clock import Clock
from idp.core.errors import PageError, Problem
from idp.core.sealing import Sealer
from idp.flows.shared.conflict import alarm
from idp.flows.shared.desk import Desk
from idp.flows.shared.proved import Admission
from idp.flows.shared.psc_attempts import PscAttempts
from idp.flows.shared.psc_departure import PscDeparture
from idp.flows.shared.psc_freshness import Freshness, demand_in
from idp.flows.shared.psc_leaving import PscLeaving
from idp.flows.shared.psc_refusals import PscRefusals
from idp.interaction.hint import past_hint
from idp.interaction.record import AuthenticationEvent, Interaction, opened_by, with_upstream
from idp.interaction.stop import Stop
from idp.interaction.store import hub_path
from idp.interaction.upstream import About, Upstream, UpstreamFailed, UpstreamLogin, UpstreamRefusal
from idp.web.addresses import redirect
from idp.web.page_routes import PageRoute
from idp.web.parameters import read_query


@dataclass(frozen=True, slots=True, kw_only=True)
class PscFlow:
    desk: Desk
    admission: Admission
    accounts: AccountRepository
    attempts: PscAttempts
    departure: PscDeparture
    upstream: Upstream
    sealer: Sealer
    linking: UpstreamLinking
    freshness: Freshness
    refusals: PscRefusals
    leaving: PscLeaving
    parameter_bytes: int
    clock: Clock

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("POST", "/interaction/<interaction_id>/psc", self.begin)
        yield PageRoute("GET", "/interaction/<interaction_id>/psc", self.show)
        yield PageRoute("GET", "/psc/callback", self.complete)

    def show(self, request: Request, interaction_id: str) -> Response:
        """Straight there, once, where the relying party hints at it; whoever comes back without a proof is asked."""
        if (told := self.refusals.told(request, interaction_id)) is not None:
            return told
        interaction = self.desk.open_due(request, interaction_id, Stop.PSC)
        self.desk.record(past_hint(interaction))
        return self.departure.begin(request, interaction, {})

    def begin(self, request: Request, interaction_id: str) -> Response:
        interaction = self.desk.open(request, interaction_id)
        form = self.desk.form(request, interaction)
        if not self.desk.doors(interaction).psc:
            return self.desk.back(interaction)
        return self.departure.begin(request, interaction, form)

    def complete(self, request: Request) -> Response:
        """The callback. `state` is good once (PS1); a replay in the same browser leads to the hub of that sign-in."""
        answer = read_query(request.args, self.parameter_bytes)
        begun = self.attempts.use(answer.get("state", ""))
        if begun is None:
            raise PageError(Problem.INTERACTION_UNKNOWN, "state unknown")
        if begun["used"]:
            return redirect(hub_path(begun["interaction_id"]))
        # facts/security PS1, T16: only the browser that began opens it; an attacker's callback signs no victim in.
        interaction = self.desk.open(request, begun["interaction_id"], repeats="psc")
        # docs/adr/0029: begun before the last proof, it belongs to the former binding, of which there may be a copy.
        if begun.get("binding", interaction.browser) not in opened_by(interaction):
            return self.desk.back(interaction)
        now = self.clock.now()
        try:
            login = self.upstream.complete(answer, begun["pending"], now=now)
        except UpstreamFailed as failed:
            is_expired = failed.reason is UpstreamRefusal.EXPIRED
            if is_expired and self.refusals.is_begun_again(interaction, str(failed)):
                return self.departure.again(request, interaction, begun)
            return self.refusals.answer(request, interaction, failed.reason, str(failed), about=failed.about)
        if login.rpps is None:
            told = "no RPPS in the upstream identity"
            return self.refusals.answer(request, interaction, "no_rpps", told, about=About("", login.subject))
        found = self.freshness.fault(login, demand_in(begun), begun["fresh_since"], now)
        if found is not None:
            leave = self.leaving.offer(interaction, login.id_token) if found.ends_with_session else None
            return self.refusals.answer(
                request, interaction, found.reason, found.detail, leave, About(login.rpps)
            )
        return self._accept(request, interaction, login, login.rpps, now)

    def _accept(
        self, request: Request, interaction: Interaction, login: UpstreamLogin, rpps: str, now: datetime
    ) -> Response:
        if not (login.family_name or login.given_name) and self.accounts.find_by_rpps(rpps) is None:
            # facts/security RI4: no account without a name; the card has one.
            told = "no name in the upstream identity"
            return self.refusals.answer(request, interaction, "refused", told, about=About(rpps))
        identity = ProvedIdentity(
            rpps=rpps,
            family_name=login.family_name,
            given_name=login.given_name,
            profession=login.profession,
            specialities=login.specialities,
            source="psc",
            verified_at=now,
            evidence=login.subject,
            stated_at=min(login.auth_time, now),
        )
        event = AuthenticationEvent(
            authenticator="psc",
            amr=login.amr,
            at=self.freshness.moment(interaction, login, now),
            upstream_acr=login.acr,
            upstream_auth_mode=login.auth_mode,
            upstream_sid=login.sid,
            is_moment_told=login.is_auth_time_told,
        )
        proof = proof_of(identity, login.claims)
        try:
            proved = self._linked(interaction, event, identity, proof)
        except SubjectOfAnother:
            alarm(self.desk, interaction)
            told = "this sub came with another RPPS before"
            return self.refusals.answer(request, interaction, "conflict", told, about=About(rpps))
        self.refusals.accepted(interaction)
        # Last: nothing after it can lose the answer, and with it the new binding. facts/security PS7: the upstream's
        # token stays on the server, sealed.
        response = self.desk.prove(with_upstream(proved, self.sealer.seal(login.id_token)))
        self.freshness.identified(response)
        return response

    def _linked(
        self,
        interaction: Interaction,
        event: AuthenticationEvent,
        identity: ProvedIdentity,
        proof: UpstreamProof,
    ) -> Interaction:
        """Returns the interaction of that person, their link and the event written with what the proof changes. Raises
        SubjectOfAnother: nothing was written."""
        # facts/security PS5, T5: the RPPS is the key, never the `sub`: one that came with another RPPS is refused.
        account = self.accounts.find_by_rpps(proof.rpps)
        self.linking.verify_subject(proof.subject, account.id if account else None)
        link: Callable[[], None] = partial(self.linking.keep, interaction.id, proof)
        if account is not None:
            link = self.linking.link(account, proof, identity.verified_at)

        def also(proved: Interaction) -> None:
            link()
            self.desk.audit_event(AuditEvent.PSC_LOGIN_ACCEPTED, proved, mode=event.upstream_auth_mode or "")

        return self.admission.admit(interaction, event, identity, also)
