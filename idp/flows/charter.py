"""The charters, a required action.

Contains the page of one charter at a time: shown whole, kept as a file, accepted by a tick and a click, or refused. Not
here: which charters are due (`interaction/required_action`).
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account
from idp.accounts.charter import CharterEvidence, CharterRepository, CharterRevision
from idp.accounts.standing import Standing
from idp.core.audit import AuditEvent
from idp.core.clock import Clock
from idp.core.errors import OAuthError
from idp.core.unit_of_work import UnitOfWork
from idp.flows.shared.charter_download import charter_file
from idp.flows.shared.charter_page import Reader, charter_page
from idp.flows.shared.charter_receipt import CharterReceipts
from idp.flows.shared.desk import Desk
from idp.flows.shared.enrolment_steps import EnrolmentSteps
from idp.flows.shared.replies import reply_by_get, take_reply
from idp.interaction.assurance import assurance_of
from idp.interaction.counting import counting_events
from idp.interaction.next_stop import Itinerary
from idp.interaction.people import People
from idp.interaction.record import Interaction
from idp.interaction.refusal import NotDue
from idp.interaction.reply import Reply
from idp.interaction.required_action import CharterAction
from idp.interaction.stop import Stop
from idp.web.page_routes import PageRoute


@dataclass(frozen=True, slots=True)
class _Due:
    """The revisions to ask this person for, in the order to ask; never empty."""

    interaction: Interaction
    standing: Standing
    charters: tuple[CharterRevision, ...]

    @property
    def account(self) -> Account:
        return self.standing.account

    def may_wait(self, current: CharterRevision) -> bool:
        """Whether it is only announced, and the one in force was accepted."""
        return current.charter in self.standing.announced

    def named(self, charter: str) -> CharterRevision:
        """Returns the revision due of this charter. Raises NotDue: it was accepted in another tab, or never asked."""
        found = {current.charter: current for current in self.charters}.get(charter)
        if found is None:
            raise NotDue(self.interaction.id)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterFlow:
    desk: Desk
    people: People
    work: UnitOfWork
    charters: CharterRepository
    receipts: CharterReceipts
    action: CharterAction
    steps: EnrolmentSteps
    itinerary: Itinerary
    clock: Clock

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", "/interaction/<interaction_id>/charter", self.show)
        yield PageRoute("GET", "/interaction/<interaction_id>/charter/text", self.hand_over)
        yield PageRoute("POST", "/interaction/<interaction_id>/charter", self.receive)
        yield PageRoute("POST", "/interaction/<interaction_id>/charter/refuse", self.refuse)
        yield PageRoute("POST", "/interaction/<interaction_id>/charter/later", self.put_off)

    def show(self, request: Request, interaction_id: str) -> Response:
        due = self._due(request, interaction_id)
        interaction = due.interaction
        reply = take_reply(self.desk, request, interaction, "charter")
        current = due.charters[0]
        reader = Reader(
            locale=self.desk.locale(request, interaction),
            now=self.clock.now(),
            news=self.charters.news_for(due.account.id, current),
            still_due=len(due.charters),
            step=self.steps.charter(interaction, due.account, len(due.charters)),
            may_wait=due.may_wait(current),
            error=reply.message,
        )
        page = charter_page(current, reader)
        return self.desk.show(request, interaction, "charter.html", page, reply.status)

    def hand_over(self, request: Request, interaction_id: str) -> Response:
        """Returns the text on the page as a file."""
        due = self._due(request, interaction_id)
        return charter_file(due.charters[0], self.desk.locale(request, due.interaction))

    def receive(self, request: Request, interaction_id: str) -> Response:
        due = self._due(request, interaction_id)
        form = self.desk.form(request, due.interaction)
        current = due.named(form.get("charter", ""))
        # The revision that was read is the one that is accepted (facts/security T36).
        shown = form.get("text_sha256", "")
        if form.get("revision") != current.revision or not current.is_text(shown):
            changed = Reply(at="charter", message="charter.revision_changed", status=409)
            return reply_by_get(self.desk, due.interaction, changed)
        if form.get("accepted") != "yes":
            untold = Reply(at="charter", message="charter.tick_needed", status=422)
            return reply_by_get(self.desk, due.interaction, untold, part="answer")
        evidence = self._evidence(due, current, shown)
        application = self.desk.client_name(request, due.interaction)
        post = self.receipts.written(due.account, current, evidence, application)
        # Committed before the redirect (facts/security T35).
        with self.work.together():
            if self.charters.accept(evidence):
                self._audit_event(AuditEvent.CHARTER_ACCEPTED, due, current)
                post()
        return self.desk.back(due.interaction)

    def refuse(self, request: Request, interaction_id: str) -> Response:
        due = self._due(request, interaction_id)
        self.desk.form(request, due.interaction)
        self._audit_event(AuditEvent.CHARTER_REFUSED, due, due.charters[0])
        self.desk.record(dataclasses.replace(due.interaction, refusal=str(OAuthError.ACCESS_DENIED)))
        return self.desk.back(due.interaction)

    def put_off(self, request: Request, interaction_id: str) -> Response:
        """« Plus tard ». What is due already the hub asks for again."""
        due = self._due(request, interaction_id)
        form = self.desk.form(request, due.interaction)
        current = due.named(form.get("charter", ""))
        with self.work.together():
            if due.may_wait(current):
                self.charters.put_off(due.account.id, self.clock.now())
                self._audit_event(AuditEvent.CHARTER_PUT_OFF, due, current)
        return self.desk.back(due.interaction)

    def _due(self, request: Request, interaction_id: str) -> _Due:
        interaction = self.desk.open_due(request, interaction_id, Stop.CHARTER)
        standing = self.people.of(interaction)
        asked = self.action.asked(standing, interaction, self.clock.now()) if standing else ()
        if standing is None or not asked:
            raise NotDue(interaction_id)
        return _Due(interaction, standing, asked)

    def _audit_event(self, event: AuditEvent, due: _Due, current: CharterRevision) -> None:
        self.desk.audit_event(event, due.interaction, charter=current.charter, revision=current.revision)

    def _evidence(self, due: _Due, current: CharterRevision, shown: str) -> CharterEvidence:
        paths = self.itinerary.paths(due.interaction, due.account)
        assurance = assurance_of(counting_events(due.interaction), paths)
        return CharterEvidence(
            account_id=due.account.id,
            charter=current.charter,
            revision=current.revision,
            text_sha256=shown,
            accepted_at=self.clock.now(),
            authenticator="+".join(assurance.path) if assurance else "",
            client_id=due.interaction.client_id,
        )
