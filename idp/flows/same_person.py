"""« Vous êtes Paul MARTIN ? »

Contains the question at a shared station before a session that was left open there is used, and both answers. Not
here: whether it is due (`interaction/next_stop`), the sign-out that a person asks for (`protocol/logout`).
"""

import dataclasses
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account
from idp.clients.client_file import ClientFile
from idp.core.audit import AuditEvent
from idp.core.ephemeral import StaleRecord
from idp.flows.shared.desk import Desk
from idp.interaction.record import Interaction, without_session
from idp.interaction.refusal import NotDue
from idp.interaction.session import Session
from idp.interaction.sessions import Sessions
from idp.interaction.sign_out import SignOut
from idp.interaction.stop import Stop
from idp.interaction.store import hub_path
from idp.pages.identity import identity_view
from idp.pages.sign_in import SamePersonPage
from idp.pages.signed_out import SignedOutPage
from idp.web.cookies import Cookies
from idp.web.hub import Visits
from idp.web.kept_answers import Around, KeptAnswers
from idp.web.leaving import Leaving
from idp.web.local_time import local_hour
from idp.web.locales import wished_by
from idp.web.logout_frames import frames_for
from idp.web.page_routes import PageRoute


@dataclass(frozen=True, slots=True, kw_only=True)
class SamePersonFlow:
    desk: Desk
    sessions: Sessions
    sign_out: SignOut
    leaving: Leaving
    answers: KeptAnswers
    visits: Visits
    clients: ClientFile
    cookies: Cookies
    issuer: str

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", "/interaction/<interaction_id>/same_person", self.show)
        yield PageRoute("POST", "/interaction/<interaction_id>/same_person", self.go_on)
        yield PageRoute("POST", "/interaction/<interaction_id>/same_person/leave", self.leave)

    def show(self, request: Request, interaction_id: str) -> Response:
        interaction, account = self._due(request, interaction_id)
        session = self._living(request, interaction)
        page = SamePersonPage(
            identity=identity_view(account.identity),
            session=session.sid,
            since=local_hour(session.started_at, self.desk.locale(request, interaction)),
        )
        return self.desk.show(request, interaction, "same_person.html", page)

    def go_on(self, request: Request, interaction_id: str) -> Response:
        """« Continuer »: for this interaction only; the next one asks again."""
        interaction = self._answered(request, interaction_id)
        session, visit = self._living(request, interaction), self.visits.of(request)
        with suppress(StaleRecord):  # Another tab wrote it or signed out: the hub looks again.
            self.sessions.touch(session, visit.session or "", visit.now)
        # Before the answer is kept: nothing goes on that the audit trail does not know.
        self.desk.audit_event(AuditEvent.SESSION_CONFIRMED, interaction)
        self.desk.record(dataclasses.replace(interaction, confirmed=True))
        return self.desk.back(interaction)

    def leave(self, request: Request, interaction_id: str) -> Response:
        """« Ce n'est pas moi »: the other person is signed out everywhere; the same request begins at the doors."""
        interaction = self._answered(request, interaction_id)
        visit = self.visits.of(request)
        # Also when it expired while the question was on the screen: relying parties do not know of that.
        session = self.sessions.recall(visit.session)
        if session is not None and session.sid != interaction.sid:
            # In another window somebody signed in since: that session was not asked about, and its cookie stays.
            raise NotDue(interaction_id)
        reached: frozenset[str] = frozenset()
        if session is not None:
            tell = partial(self.desk.audit_event, AuditEvent.SESSION_DISOWNED, interaction)
            reached = self.sign_out.end(session, visit.now, interaction.relying_party, tell)
        with suppress(NotDue):  # A faster click: the hub sees that the session is over.
            self.desk.record(without_session(interaction))
        response = self._onward(request, interaction, reached)
        # facts/security PS10: Pro Santé Connect's own session may still be that person's (docs/adr/0030).
        if interaction.account_id is not None:
            self.leaving.sign_out(request, response, interaction.account_id)
        self.cookies.clear(response, "session")
        return response

    def _due(self, request: Request, interaction_id: str) -> tuple[Interaction, Account]:
        interaction = self.desk.open_due(request, interaction_id, Stop.SAME_PERSON)
        account = self.desk.account(interaction)
        if account is None:
            raise NotDue(interaction_id)
        return interaction, account

    def _answered(self, request: Request, interaction_id: str) -> Interaction:
        """Returns it, if the form was about the session that is there now; else the page asks again. Raises NotDue."""
        interaction, _account = self._due(request, interaction_id)
        if self.desk.form(request, interaction).get("session") != interaction.sid:
            raise NotDue(interaction_id)
        return interaction

    def _living(self, request: Request, interaction: Interaction) -> Session:
        """Raises NotDue: it ended meanwhile, and the hub forgets it."""
        visit = self.visits.of(request)
        session = self.sessions.at(shared=True).open(visit.session, visit.now)
        if session is None or session.sid != interaction.sid:
            raise NotDue(interaction.id)
        return session

    def _onward(self, request: Request, interaction: Interaction, reached: frozenset[str]) -> Response:
        """Returns the way back to the hub: by a page, where a relying party is told in a frame of it."""
        registry = self.clients.registry()
        told = [client for client_id, client in registry.items() if client_id in reached]
        frames = frames_for(told, issuer=self.issuer, sid=interaction.sid or "")
        if not frames:
            return self.desk.back(interaction)
        page = SignedOutPage(
            state="other",
            identity=None,
            return_name=None,
            return_url=None,
            request="",
            told=tuple(client.name for client in told if client.is_told_of_logout),
            frames=frames,
            onward_url=hub_path(interaction.id),
            onward="sign_in",
        )
        return self.answers.leave(page, Around(wished=wished_by(interaction)))
