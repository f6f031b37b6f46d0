"""/authorize and the hub: a request becomes an Interaction, the hub sends it to what is due, then to its code."""

import dataclasses
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from flask import request
from werkzeug.wrappers import Response

from idp.accounts.account import Account
from idp.accounts.repository import AccountNotFound, AccountRepository
from idp.clients.registry import Client
from idp.core.clock import Clock
from idp.core.ephemeral import StaleRecord
from idp.core.errors import OAuthError, PageError, Problem
from idp.interaction.assurance import Assurance, assurance_of
from idp.interaction.gate import IssueRefused, MayNotIssue
from idp.interaction.next_stop import Itinerary
from idp.interaction.record import Interaction, counting_events, without_session
from idp.interaction.refusal import InteractionRefusal, InteractionRefused
from idp.interaction.session import Session, is_session_valid, living_events
from idp.interaction.stop import SILENT_ERROR, Stop
from idp.interaction.store import Interactions, Sessions, account_of, fingerprint, hub_path, random_token
from idp.protocol.authorization.authorization_request import AuthorizationRequest
from idp.protocol.authorization.authorization_response import (
    AuthorizationError,
    AuthorizationResponses,
    ReturnAddress,
    address_of,
)
from idp.protocol.authorization.issue import CodeIssuer, OtherPerson, SessionOver
from idp.protocol.authorization.request_reader import RequestReader
from idp.web.browser import Web

#: What the gate's refusal is to the relying party.
_GATE_ERROR = {
    MayNotIssue.DISABLED: OAuthError.ACCESS_DENIED,
    MayNotIssue.NOT_BEFORE: OAuthError.LOGIN_REQUIRED,
    MayNotIssue.CHARTER_DUE: OAuthError.INTERACTION_REQUIRED,
    MayNotIssue.ACR_TOO_LOW: OAuthError.LOGIN_REQUIRED,
    MayNotIssue.DOOR_CLOSED: OAuthError.LOGIN_REQUIRED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeEndpoint:
    reader: RequestReader
    interactions: Interactions
    sessions: Sessions
    accounts: AccountRepository
    issuer: CodeIssuer
    responses: AuthorizationResponses
    itinerary: Itinerary
    clock: Clock
    web: Web

    # Start.

    def start(self) -> Response:
        """GET /authorize. Raises PageError (client not proved) or answers the relying party."""
        return self._answer_errors(lambda: self._start(self.reader.from_browser(request.args)))

    def start_by_post(self) -> Response:
        """POST /authorize (Core §3.1.2.1): turned into the GET, since a cross-site POST carries no Lax cookie."""
        return self.web.redirect(f"/authorize?{self.web.form_as_query(request)}")

    def restart(self, interaction_id: str) -> Response:
        """« Reprendre la connexion » of an expired interaction: the same request, from its beginning."""
        old = self.interactions.find(interaction_id, self.web.browser(request))
        self.web.form(request, hub_path(interaction_id))
        if self.clock.now() < old.expires_at:
            return self.web.redirect(hub_path(interaction_id))
        return self._answer_errors(lambda: self._start(self.reader.again(old.request), restarts=old))

    def _start(self, asked: AuthorizationRequest, *, restarts: Interaction | None = None) -> Response:
        browser = self.web.browser(request) or random_token()
        new = self._new_interaction(asked, browser)
        if restarts is not None:
            # The hint itself is not kept: whom it named is.
            new = dataclasses.replace(new, restarted=True, subject=restarts.subject)
        interaction = self._seeded(self._within_reach(new, asked.client), asked.client)
        stop = self._stop_or_error(interaction)
        if stop is None:
            response = self._finish(interaction)
        elif asked.is_silent:
            raise self._error(interaction, OAuthError(SILENT_ERROR[stop]), "a page would be needed")
        else:
            self.interactions.begin(interaction)
            response = self.web.redirect(hub_path(interaction.id))
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
            essential=asked.claims.essential_acr,
            subject=asked.subject,
            silent=asked.is_silent,
            browser=fingerprint(browser),
            locale=self.web.locale(request, asked.parameters.get("ui_locales", "")),
            started_at=now,
            expires_at=now + self.interactions.life,
            fresh_after=max(fresh) if fresh else None,
        )

    def _within_reach(self, interaction: Interaction, client: Client) -> Interaction:
        """facts/security AC2: a wish that no open door grants is let go, a condition that none meets told at once."""
        if self.itinerary.paths(interaction, None):
            return interaction
        modest = dataclasses.replace(interaction, needed=client.minimum_acr)
        if interaction.essential and not self.itinerary.paths(modest, None):
            error = OAuthError.UNMET_AUTHENTICATION_REQUIREMENTS
            raise self._error(modest, error, "no open door reaches an essential acr")
        return modest

    def _seeded(self, interaction: Interaction, client: Client) -> Interaction:
        """SSO, step-up, max_age and prompt=login are not branches: they only change which events count."""
        now = self.clock.now()
        cookie = self.web.cookies.get(request, "session")
        session = self.sessions.open(cookie, now)
        if session is None or cookie is None or not self._is_valid(session, interaction, client):
            return interaction
        if not interaction.silent:  # An application that polls with prompt=none is not the person's visit.
            with suppress(StaleRecord):  # Another tab wrote it just now, or signed out: the end checks again.
                self.sessions.touch(session, cookie, now)
        return dataclasses.replace(
            interaction,
            events=living_events(session.events, now, self.sessions.life),
            account_id=session.account_id,
            sid=session.sid,
            upstream_id_token=session.upstream_id_token,
        )

    def _is_valid(self, session: Session, interaction: Interaction, client: Client) -> bool:
        """Alive, and of the person that the relying party expects, if it named one."""
        try:
            account = self.accounts.get(session.account_id)
        except AccountNotFound:
            return False
        if not self.issuer.is_expected(interaction, account, client):
            return False
        return is_session_valid(session, account, self.clock.now(), self.sessions.life, self.sessions.idle)

    # The hub.

    def hub(self, interaction_id: str) -> Response:
        """GET /interaction/<id>: where every page returns to; recomputed from facts each time."""
        opened = self.interactions.open(interaction_id, self.web.browser(request), self.clock.now())
        try:
            interaction = self._leaning_on_living_session(opened)
        except StaleRecord:  # Another click was faster: look again.
            return self.web.redirect(hub_path(interaction_id))
        stop = None if interaction.refusal else self._stop(interaction)
        if stop is not None:
            return self.web.redirect(f"{hub_path(interaction_id)}/{stop}")
        taken = self.interactions.take(interaction_id)
        if taken is None:
            raise InteractionRefused(InteractionRefusal.FINISHED, client_id=interaction.client_id)
        if taken.refusal:
            return self.responses.failure(self._error(taken, OAuthError(taken.refusal), "the person refused"))
        if self._stop(taken) is not None:
            # A parallel click changed the facts between reading and taking: they are due again.
            self.interactions.begin(taken)
            return self.web.redirect(hub_path(interaction_id))
        return self._answer_errors(lambda: self._finish(taken))

    def _leaning_on_living_session(self, interaction: Interaction) -> Interaction:
        """Signed out in another tab: what the ended session had proved is taken back, and asked again."""
        if interaction.sid is None:
            return interaction
        session = self.sessions.open(self.web.cookies.get(request, "session"), self.clock.now())
        if session is not None and session.sid == interaction.sid:
            return interaction
        return self.interactions.save(without_session(interaction))

    def _stop(self, interaction: Interaction) -> Stop | None:
        account = account_of(interaction, self.accounts)
        if account is not None and not account.may_sign_in:
            return None  # The end refuses, and tells the relying party.
        stop = self.itinerary.next_stop(interaction, account, self.clock.now())
        if stop is None:
            self.issuer.require_signer(interaction)
        return stop

    # The end.

    def _stop_or_error(self, interaction: Interaction) -> Stop | None:
        """As `_stop`, but where no page may be shown the relying party hears what the page would say."""
        try:
            return self._stop(interaction)
        except InteractionRefused as shown:
            if not interaction.silent:
                raise
            error = OAuthError.TEMPORARILY_UNAVAILABLE
            raise self._error(interaction, error, "sign-in is not possible now") from shown

    def _finish(self, interaction: Interaction) -> Response:
        """No stop is due: the code, or the error that ends the interaction."""
        account = account_of(interaction, self.accounts)
        assurance = assurance_of(counting_events(interaction), self.itinerary.paths(interaction, account))
        if account is None or assurance is None:
            raise self._error(interaction, OAuthError.LOGIN_REQUIRED, "nobody is signed in")
        return self._answer_with_code(interaction, account, assurance)

    def _answer_with_code(self, interaction: Interaction, account: Account, assurance: Assurance) -> Response:
        try:
            issued = self.issuer.issue(interaction, account, assurance)
        except IssueRefused as no:
            raise self._error(interaction, _GATE_ERROR[no.reason], "this sign-in is refused") from no
        except OtherPerson as other:
            # Core §3.1.2.2: a code only for the person that the relying party named.
            raise self._error(interaction, OAuthError.LOGIN_REQUIRED, "another person signed in") from other
        except SessionOver as over:
            raise self._error(interaction, OAuthError.LOGIN_REQUIRED, "the session ended") from over
        response = self.responses.success(self._address(interaction), issued.code)
        if issued.cookie is not None:
            self.web.cookies.set(response, "session", issued.cookie)
        return response

    # Answers.

    def _answer_errors(self, act: Callable[[], Response]) -> Response:
        try:
            return act()
        except AuthorizationError as error:
            return self.responses.failure(error)

    def _error(self, interaction: Interaction, error: OAuthError, description: str) -> AuthorizationError:
        return AuthorizationError(error, description, to=self._address(interaction))

    def _address(self, interaction: Interaction) -> ReturnAddress:
        """Raises PageError: an address taken from clients.yaml since hears of no refusal either."""
        client = self.web.clients.get(interaction.client_id)
        if client is None or interaction.request["redirect_uri"] not in client.redirect_uris:
            raise PageError(Problem.UNKNOWN_CLIENT, "removed during the interaction")
        return address_of(interaction, client)
