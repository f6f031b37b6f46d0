"""Contains Pro Santé Connect: the way there, the callback, the person it proves. Not here: its protocol."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from werkzeug.wrappers import Request, Response

from idp.accounts.account import ProvedIdentity
from idp.accounts.repository import AccountRepository
from idp.accounts.upstream_link import SubjectOfAnother
from idp.accounts.upstream_linking import UpstreamLinking, proof_of
from idp.core.audit import AuditEvent
from idp.core.clock import Clock
from idp.core.errors import PageError, Problem
from idp.core.sealing import Sealer
from idp.flows.shared.conflict import alarm
from idp.flows.shared.desk import Desk
from idp.flows.shared.proved import Admission
from idp.flows.shared.psc_attempts import LEAVE, ONWARD, PERSON, REASON, PscAttempts, person_in
from idp.flows.shared.psc_departure import PscDeparture
from idp.flows.shared.psc_freshness import Freshness, demand_in
from idp.flows.shared.psc_leaving import PscLeaving
from idp.flows.shared.psc_proof import event_of_login, identity_of
from idp.flows.shared.psc_refusals import PscRefusals, PscRefused
from idp.flows.shared.psc_repeated import PscRepeated
from idp.interaction.hint import past_hint
from idp.interaction.record import Interaction, opened_by, with_upstream
from idp.interaction.refusal import NotDue
from idp.interaction.stop import Stop
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
    repeated: PscRepeated
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
        """The callback. `state` is good once (PS1); the same answer of the same browser leads where the first leads."""
        answer = read_query(request.args, self.parameter_bytes)
        begun = self.attempts.use(answer)
        if begun is None:
            raise PageError(Problem.INTERACTION_UNKNOWN, "state unknown")
        if begun["used"]:
            return self.repeated.answer(request, begun, answer)
        with self.attempts.under_way(begun, answer):
            return self._complete(request, begun, answer)

    def _complete(self, request: Request, begun: Mapping[str, Any], answer: Mapping[str, str]) -> Response:
        # facts/security PS1, T16: only the browser that began opens it; an attacker's callback signs no victim in.
        interaction = self.desk.open(request, begun["interaction_id"], repeats="psc")
        # docs/adr/0029: begun before the last proof, it belongs to the former binding, of which there may be a copy.
        if begun.get("binding", interaction.browser) not in opened_by(interaction):
            raise NotDue(interaction.id)
        try:
            return self._verified(interaction, begun, answer)
        except PscRefused as refused:
            reason = self.refusals.note(interaction, refused)
            self.attempts.note(begun, answer, **{REASON: reason, LEAVE: refused.leave})
            return self.refusals.page(request, interaction, reason, refused.leave)

    def _verified(
        self, interaction: Interaction, begun: Mapping[str, Any], answer: Mapping[str, str]
    ) -> Response:
        """Returns the way on of whom it proves, or there once more. Raises PscRefused, PageError, NotDue."""
        now = self.clock.now()
        try:
            login = self.upstream.complete(answer, begun["pending"], now=now)
        except UpstreamFailed as failed:
            is_expired = failed.reason is UpstreamRefusal.EXPIRED
            if is_expired and self.refusals.is_begun_again(interaction, str(failed)):
                onward = self.departure.again(interaction, begun)
                self.attempts.note(begun, answer, **{ONWARD: onward})
                return redirect(onward)
            raise PscRefused(failed.reason, str(failed), about=failed.about) from failed
        rpps = self._rpps_of(login)
        found = self.freshness.fault(login, demand_in(begun), begun["fresh_since"], now)
        if found is not None:
            leave = self.leaving.offer(interaction, login.id_token) if found.ends_with_session else None
            raise PscRefused(found.reason, found.detail, leave=leave, about=About(rpps))
        note = partial(self.attempts.note, begun, answer)
        try:
            proved = self._linked(interaction, login, identity_of(login, rpps, now), note)
        except SubjectOfAnother as error:
            alarm(self.desk, interaction)
            told = "this sub came with another RPPS before"
            raise PscRefused("conflict", told, about=About(rpps)) from error
        self.refusals.accepted(interaction)
        # Last: nothing after it can lose the answer, and with it the new binding. facts/security PS7: the upstream's
        # token stays on the server, sealed.
        response = self.desk.prove(with_upstream(proved, self.sealer.seal(login.id_token)))
        self.freshness.identified(response)
        return response

    def _rpps_of(self, login: UpstreamLogin) -> str:
        """Raises PscRefused: nobody here can be this person."""
        if login.rpps is None:
            told = "no RPPS in the upstream identity"
            raise PscRefused("no_rpps", told, about=About("", login.subject))
        if not (login.family_name or login.given_name) and self.accounts.find_by_rpps(login.rpps) is None:
            # facts/security RI4: no account without a name; the card has one.
            raise PscRefused("refused", "no name in the upstream identity", about=About(login.rpps))
        return login.rpps

    def _linked(
        self,
        interaction: Interaction,
        login: UpstreamLogin,
        identity: ProvedIdentity,
        note: Callable[..., None],
    ) -> Interaction:
        """Returns the interaction of that person, their link and the event written with what the proof changes. Raises
        SubjectOfAnother: nothing was written."""
        proof = proof_of(identity, login.claims)
        # facts/security PS5, T5: the RPPS is the key, never the `sub`: one that came with another RPPS is refused.
        account = self.accounts.find_by_rpps(proof.rpps)
        self.linking.verify_subject(proof.subject, account.id if account else None)
        link: Callable[[], None] = partial(self.linking.keep, interaction.id, proof)
        if account is not None:
            link = self.linking.link(account, proof, identity.verified_at)

        def also(proved: Interaction) -> None:
            link()
            note(**{PERSON: person_in(proved)})
            self.desk.audit_event(AuditEvent.PSC_LOGIN_ACCEPTED, proved, mode=login.auth_mode or "")

        event = event_of_login(login, self.freshness.moment(interaction, login, identity.verified_at))
        return self.admission.admit(interaction, event, identity, also)
