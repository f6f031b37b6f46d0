"""/authorize and the hub: a request becomes an Interaction, the hub sends it to what is due, then to its code."""

import dataclasses
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from flask import request
from pyop.message import AuthorizationRequest as EngineRequest
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from idp.accounts.account import Account
from idp.accounts.charter import CharterRepository, NoCharterPublished
from idp.accounts.grants import Grant, GrantRepository
from idp.accounts.repository import AccountNotFound, AccountRepository
from idp.audit import Audit, AuditEvent
from idp.clock import Clock
from idp.ephemeral import StaleRecord
from idp.errors import OAuthError, Problem, Shown
from idp.interaction.assurance import Assurance, assurance_of
from idp.interaction.gate import IssueRefused, MayNotIssue, may_issue
from idp.interaction.next_stop import SILENT_ERROR, Itinerary, Stop
from idp.interaction.record import Interaction
from idp.interaction.session import Session, is_session_valid, living_events
from idp.interaction.store import Interactions, Sessions, fingerprint, random_token
from idp.protocol.authorization_request import (
    AuthorizationError,
    AuthorizationRequest,
    read_authorization_request,
)
from idp.protocol.claims import authentication_claims
from idp.protocol.grants import GrantState, GrantStore
from idp.protocol.provider import OpenIDProvider
from idp.web import Web

#: What the gate's refusal is to the relying party.
_GATE_ERROR = {
    MayNotIssue.DISABLED: OAuthError.ACCESS_DENIED,
    MayNotIssue.NOT_BEFORE: OAuthError.LOGIN_REQUIRED,
    MayNotIssue.CHARTER_DUE: OAuthError.INTERACTION_REQUIRED,
    MayNotIssue.ACR_TOO_LOW: OAuthError.LOGIN_REQUIRED,
}


@dataclass(frozen=True, slots=True)
class AuthorizeEndpoint:
    engine: OpenIDProvider
    interactions: Interactions
    sessions: Sessions
    accounts: AccountRepository
    charters: CharterRepository
    grants: GrantRepository
    grant_store: GrantStore
    itinerary: Itinerary
    audit: Audit
    clock: Clock
    web: Web

    # Start.

    def start(self) -> Response:
        """GET /authorize. Raises Shown (client not proved) or answers the relying party."""
        return self._answer_errors(lambda: self._start(request.args))

    def start_by_post(self) -> Response:
        """POST /authorize (Core §3.1.2.1): turned into the GET, since a cross-site POST carries no Lax cookie."""
        query = urlencode([(name, value) for name, values in request.form.lists() for value in values])
        if len(query) > 4 * self.web.settings.parameter_bytes:
            raise Shown(Problem.TOO_LARGE)
        return self.web.redirect(f"/authorize?{query}")

    def restart(self, interaction_id: str) -> Response:
        """« Reprendre la connexion » of an expired interaction: the same request, from its beginning."""
        old = self.interactions.find(interaction_id, self.web.browser(request))
        self.web.form(request, f"/interaction/{interaction_id}")
        return self._answer_errors(lambda: self._start(MultiDict(old.request), restarted=True))

    def _start(self, values: "MultiDict[str, str]", *, restarted: bool = False) -> Response:
        asked = read_authorization_request(
            values, self.web.clients, self.engine, self.web.settings.parameter_bytes
        )
        browser = self.web.browser(request) or random_token()
        new = dataclasses.replace(self._new_interaction(asked, browser), restarted=restarted)
        interaction = self._seeded(new)
        if asked.is_silent or self._stop(interaction) is None:
            response = self._arrive(interaction)
        else:
            self.interactions.begin(interaction)
            response = self.web.redirect(f"/interaction/{interaction.id}")
        if self.web.browser(request) is None:
            self.web.cookies.set(response, "browser", browser)
        return response

    def _new_interaction(self, asked: AuthorizationRequest, browser: str) -> Interaction:
        now = self.clock.now()
        fresh = [now] if asked.wants_login else []
        if asked.max_age is not None:
            # Core §3.1.2.1: an authentication older than max_age does not count.
            fresh.append(now - timedelta(seconds=min(asked.max_age, 10**9)))
        return Interaction(
            id=random_token(),
            client_id=asked.client.client_id,
            request=asked.parameters,
            needed=asked.needed,
            silent=asked.is_silent,
            browser=fingerprint(browser),
            locale=self.web.locale(request, asked.parameters.get("ui_locales", "")),
            started_at=now,
            expires_at=now + self.interactions.life,
            fresh_after=max(fresh) if fresh else None,
        )

    def _seeded(self, interaction: Interaction) -> Interaction:
        """SSO, step-up, max_age and prompt=login are not branches: they only change which events count."""
        now = self.clock.now()
        cookie = self.web.cookies.get(request, "session")
        session = self.sessions.open(cookie, now)
        if session is None or cookie is None or not self._is_valid(session):
            return interaction
        with suppress(StaleRecord):  # Another tab wrote it just now, or signed out: the end checks again.
            self.sessions.touch(session, cookie, now)
        return dataclasses.replace(
            interaction,
            events=living_events(session.events, now, self.sessions.life),
            account_id=session.account_id,
            sid=session.sid,
            upstream_id_token=session.upstream_id_token,
        )

    def _is_valid(self, session: Session) -> bool:
        try:
            account = self.accounts.get(session.account_id)
        except AccountNotFound:
            return False
        return is_session_valid(session, account, self.clock.now(), self.sessions.life, self.sessions.idle)

    # The hub.

    def hub(self, interaction_id: str) -> Response:
        """GET /interaction/<id>: where every page returns to; recomputed from facts each time."""
        interaction = self.interactions.open(interaction_id, self.web.browser(request), self.clock.now())
        stop = None if interaction.refusal else self._stop(interaction)
        if stop is not None:
            return self.web.redirect(f"/interaction/{interaction_id}/{stop}")
        taken = self.interactions.take(interaction_id)
        if taken is None:
            raise Shown(Problem.INTERACTION_FINISHED, client_id=interaction.client_id)
        if not taken.refusal and self._stop(taken) is not None:
            # A parallel click changed the facts between reading and taking: they are due again.
            self.interactions.begin(taken)
            return self.web.redirect(f"/interaction/{interaction_id}")
        return self._answer_errors(lambda: self._arrive(taken))

    def _stop(self, interaction: Interaction) -> Stop | None:
        account = self._account(interaction)
        if account is not None and not account.enabled:
            return None  # The end refuses, and tells the relying party.
        try:
            return self.itinerary.next_stop(interaction, account, self.clock.now())
        except NoCharterPublished as error:
            raise Shown(Problem.NO_CHARTER) from error

    def _account(self, interaction: Interaction) -> Account | None:
        if interaction.account_id is None:
            return None
        try:
            return self.accounts.get(interaction.account_id)
        except AccountNotFound:
            return None

    # The end.

    def _arrive(self, interaction: Interaction) -> Response:
        """The code, or the error that ends the interaction."""
        if interaction.refusal:
            raise self._error(interaction, OAuthError(interaction.refusal), "the person refused")
        stop = self._stop(interaction)
        if stop is not None:
            error = OAuthError(SILENT_ERROR[stop])
            raise self._error(interaction, error, "a page would be needed")
        account = self._account(interaction)
        counting = tuple(
            event
            for event in interaction.events
            if interaction.fresh_after is None or event.at >= interaction.fresh_after
        )
        assurance = assurance_of(counting)
        if account is None or assurance is None:
            raise self._error(interaction, OAuthError.LOGIN_REQUIRED, "nobody is signed in")
        return self._issue(interaction, account, assurance)

    def _issue(self, interaction: Interaction, account: Account, assurance: Assurance) -> Response:
        now = self.clock.now()
        client = self.web.clients.get(interaction.client_id)
        if client is None or interaction.request["redirect_uri"] not in client.redirect_uris:
            raise Shown(Problem.UNKNOWN_CLIENT, "removed during the interaction")
        current = self._current_session(account)
        began = current.started_at if current else now
        try:
            may_issue(account, client, acr=assurance.acr, authorized_at=began, charters=self.charters)
        except IssueRefused as refused:
            self._audit(AuditEvent.ISSUE_REFUSED, interaction, account, reason=str(refused.reason))
            raise self._error(
                interaction, _GATE_ERROR[refused.reason], "this sign-in is refused"
            ) from refused
        sid, cookie = self._session_for(interaction, account, current, now)
        grant = Grant(random_token(), account.id, client.client_id, sid, now)
        state = GrantState(self.grant_store, now)
        state.grant = grant
        engine = self.engine.for_request(state, {account.id: {"sub": account.subject}})
        answer = engine.authorize(
            EngineRequest().deserialize(urlencode(interaction.request)),
            account.id,
            extra_id_token_claims=authentication_claims(assurance, sid),
        )
        self._audit(AuditEvent.CODE_ISSUED, interaction, account, acr=str(assurance.acr))
        response = self._redirect_back(
            interaction.request["redirect_uri"], {"code": answer["code"]}, interaction.request.get("state")
        )
        if cookie is not None:
            self.web.cookies.set(response, "session", cookie)
        return response

    def _current_session(self, account: Account) -> Session | None:
        """This browser's session, if it is this person's; another person's ends here (facts/security T12)."""
        now = self.clock.now()
        session = self.sessions.open(self.web.cookies.get(request, "session"), now)
        if session is None:
            return None
        if session.account_id != account.id:
            self.sessions.end(session.sid)
            self.grants.revoke_session(session.sid, now)
            return None
        is_valid = is_session_valid(session, account, now, self.sessions.life, self.sessions.idle)
        return session if is_valid else None

    def _session_for(
        self, interaction: Interaction, account: Account, current: Session | None, now: datetime
    ) -> tuple[str, str | None]:
        """`sid`, and the new cookie when an authentication happened (facts/security SE2)."""
        if current is not None and set(interaction.events) <= set(current.events):
            return current.sid, None
        events = tuple(dict.fromkeys((*(current.events if current else ()), *interaction.events)))
        living = living_events(events, now, self.sessions.life)
        upstream = interaction.upstream_id_token or (current.upstream_id_token if current else None)
        if current is not None:
            renewed = dataclasses.replace(
                current, events=living, last_seen_at=now, upstream_id_token=upstream
            )
            try:
                return current.sid, self.sessions.renew(renewed, now)
            except StaleRecord:
                pass  # Signed out or renewed by another tab meanwhile: a session of its own.
        session = Session(random_token(), account.id, living, now, now, upstream)
        self._audit(AuditEvent.SESSION_STARTED, interaction, account)
        return session.sid, self.sessions.start(session, now)

    # Answers.

    def _answer_errors(self, act: Callable[[], Response]) -> Response:
        try:
            return act()
        except AuthorizationError as error:
            parameters = {"error": str(error.error), "error_description": error.description}
            return self._redirect_back(error.redirect_uri, parameters, error.state)

    def _error(self, interaction: Interaction, error: OAuthError, description: str) -> AuthorizationError:
        return AuthorizationError(
            error,
            description,
            redirect_uri=interaction.request["redirect_uri"],
            state=interaction.request.get("state"),
        )

    def _redirect_back(self, redirect_uri: str, parameters: dict[str, str], state: str | None) -> Response:
        """RFC 6749 §4.1.2, and `iss` in every success and error (RFC 9207 §2)."""
        answer = {**parameters, "iss": self.web.settings.issuer}
        if state is not None:
            answer["state"] = state
        separator = "&" if "?" in redirect_uri else "?"
        return self.web.redirect(f"{redirect_uri}{separator}{urlencode(answer)}")

    def _audit(
        self, event: AuditEvent, interaction: Interaction, account: Account, **facts: str | int | bool
    ) -> None:
        self.audit.record(
            event,
            account_id=account.id,
            client_id=interaction.client_id,
            interaction_id=interaction.id[:8],
            **facts,
        )
