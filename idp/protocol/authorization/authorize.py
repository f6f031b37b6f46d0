"""Contains /authorize: how an authorization request starts a login, and how a login that it started ends.

Not here: reading the request (`request_reader`), what comes between (`interaction/hub`), the code (`issue`).
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account
from idp.clients.client_file import ClientFile
from idp.clients.registry import Client
from idp.core.errors import OAuthError, Problem, RuleBroken
from idp.interaction.gate import IssueRefused, MayNotIssue
from idp.interaction.hint import hinted_door
from idp.interaction.hub import Done, Failed, Failure, Hub
from idp.interaction.next_stop import Itinerary
from idp.interaction.record import AUTHORIZATION, Interaction
from idp.interaction.resuming import resumed
from idp.interaction.sign_in import SessionOver, door_of
from idp.interaction.stop import SILENT_ERROR
from idp.interaction.store import fingerprint, random_token
from idp.protocol.authorization.authorization_request import AuthorizationRequest
from idp.protocol.authorization.authorization_response import (
    AuthorizationError,
    AuthorizationResponses,
    address_of,
)
from idp.protocol.authorization.issue import CodeIssuer, OtherPerson
from idp.protocol.authorization.request_reader import RequestReader
from idp.protocol.rules import request_rules as rules
from idp.protocol.rules.refusals import Refusals, RefusedOnPage
from idp.web.addresses import redirect
from idp.web.arriving import Arriving
from idp.web.cookies import Cookies
from idp.web.forms import Forms
from idp.web.hub import Visits
from idp.web.locales import Locales
from idp.web.network_quota import NetworkQuota

_BASE = "/authorize"
#: The error for a login that failed. Where a page was needed, its stop decides the error (`SILENT_ERROR`).
_FAILURES = {
    Failure.REFUSED: (OAuthError.ACCESS_DENIED, "the person refused"),
    Failure.NOBODY: (OAuthError.LOGIN_REQUIRED, "nobody is signed in"),
    # Core §3.1.2.2.
    Failure.OTHER_PERSON: (OAuthError.LOGIN_REQUIRED, "another person signed in"),
    Failure.NOT_NOW: (OAuthError.TEMPORARILY_UNAVAILABLE, "sign-in is not possible now"),
}
#: The error for each refusal of the gate.
_GATE_ERROR = {
    MayNotIssue.DISABLED: OAuthError.ACCESS_DENIED,
    # The person asked for the end of the account after the page that offers to take it back, in another tab.
    MayNotIssue.CLOSING: OAuthError.ACCESS_DENIED,
    MayNotIssue.NOT_BEFORE: OAuthError.LOGIN_REQUIRED,
    MayNotIssue.CHARTER_DUE: OAuthError.INTERACTION_REQUIRED,
    MayNotIssue.ACR_TOO_LOW: OAuthError.LOGIN_REQUIRED,
    MayNotIssue.DOOR_CLOSED: OAuthError.LOGIN_REQUIRED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeEndpoint:
    """One way to start a login, and its `Finish`."""

    reader: RequestReader
    hub: Hub
    #: How many may begin from one network. A browser is no bound here: a caller may say that it is another each time.
    entrance: NetworkQuota
    itinerary: Itinerary
    issuer: CodeIssuer
    responses: AuthorizationResponses
    interaction_life: timedelta
    visits: Visits
    clients: ClientFile
    cookies: Cookies
    arriving: Arriving
    forms: Forms
    locales: Locales
    refusals: Refusals
    name: str = AUTHORIZATION

    # Start.

    def start(self, request: Request) -> Response:
        """GET /authorize. Raises PageError (client not proved) or answers the relying party."""
        return self._answer_errors(
            request, lambda: self._start(request, self.reader.from_browser(request.args))
        )

    def start_by_post(self, request: Request) -> Response:
        """POST /authorize (Core §3.1.2.1): turned into the GET, since a cross-site POST carries no Lax cookie."""
        return redirect(f"/authorize?{self.forms.as_query(request)}")

    def restart(self, request: Request, expired: Interaction) -> Response:
        """Start the same request again, under the registration of this moment."""
        return self._answer_errors(
            request, lambda: self._start(request, self.reader.again(expired.request), restarts=expired)
        )

    def _start(
        self, request: Request, asked: AuthorizationRequest, *, restarts: Interaction | None = None
    ) -> Response:
        visit = self.visits.of(request)
        browser, binding = visit.browser or random_token(), random_token()
        new = self._new_interaction(request, asked, browser, binding, visit.now)
        if restarts is not None:
            new = resumed(new, restarts)
        outcome = self.hub.begin(
            self._with_reachable_acr(new, asked.client), visit, self, partial(self.entrance.share, request)
        )
        if isinstance(outcome, Failed):
            raise self._failure(outcome)
        if isinstance(outcome, Done):
            return self._code(request, outcome)
        response = redirect(outcome.path)
        self.cookies.begin(request, response, browser, (new.id, binding))
        return response

    def _new_interaction(
        self, request: Request, asked: AuthorizationRequest, browser: str, binding: str, now: datetime
    ) -> Interaction:
        # facts/security AZ7: prompt=login counts nothing that was proved before this request.
        # RFC 8252 §8.6: nor where a program that pretends to be this client would get the code.
        wants_login = asked.wants_login or not asked.client.is_alone_at(asked.parameters["redirect_uri"])
        fresh = [now] if wants_login else []
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
            browser=fingerprint(binding),
            family=fingerprint(browser),
            locale=self.locales.of(request, asked.parameters.get("ui_locales", "")),
            started_at=now,
            expires_at=now + self.interaction_life,
            fresh_after=max(fresh) if fresh else None,
        )

    def _with_reachable_acr(self, interaction: Interaction, client: Client) -> Interaction:
        """Returns the interaction with an acr that some open door reaches. Raises AuthorizationError.

        facts/security AC2: a wish that no door can grant is dropped; a condition that none can meet is an error at
        once.
        """
        reachable = interaction
        if not self.itinerary.paths(interaction):
            reachable = dataclasses.replace(interaction, needed=client.minimum_acr)
        to, hinted = address_of(reachable, client), hinted_door(interaction)
        if interaction.essential and not self.itinerary.paths(reachable):
            raise AuthorizationError.of(RuleBroken(rules.ACR_UNREACHABLE), to=to)
        doors = self.itinerary.doors_open_to(client.client_id, reachable.needed, reachable.essential)
        if hinted is not None and hinted not in doors:
            # Asked for in one request: neither is followed at the price of the other.
            below = rules.HINTED_DOOR_BELOW
            described = f"idp_hint: the acr asked for is reached by: {', '.join(doors)}"
            raise AuthorizationError(below.error, described, to=to, rule=below)
        return reachable

    # The end.

    def is_expected(self, interaction: Interaction, account: Account) -> bool:
        """Whether this is the person that the relying party named, or it named none."""
        client = self.clients.get(interaction.client_id)
        return client is not None and self.issuer.is_expected(interaction, account, client)

    def require_ready(self, interaction: Interaction) -> None:
        """Raises InteractionRefused: no key could sign the answer now."""
        self.issuer.require_signer(interaction)

    def success(self, request: Request, done: Done) -> Response:
        """Answer with the code, or the error of the gate. Raises PageError: the client is gone."""
        return self._answer_errors(request, lambda: self._code(request, done))

    def failure(self, request: Request, failed: Failed) -> Response:
        """Answer with the error. Raises PageError: the client is gone."""
        return self.responses.failure(request, self._failure(failed))

    def _failure(self, failed: Failed) -> AuthorizationError:
        if failed.stop is not None:
            # Core §3.1.2.6: the error tells which kind of page prompt=none forbade.
            error = OAuthError(SILENT_ERROR[failed.stop])
            return self._error(failed.interaction, error, "a page would be needed")
        return self._error(failed.interaction, *_FAILURES[failed.reason])

    def _code(self, request: Request, done: Done) -> Response:
        """Returns the answer with the code, and the session cookie. Raises AuthorizationError, PageError."""
        client = self._client(done.interaction)
        to = address_of(done.interaction, client)
        if not self.reader.use_up(client.client_id, done.interaction.request):
            raise AuthorizationError.of(RuleBroken(rules.REQUEST_URI_USED), to=to)
        try:
            issued = self.issuer.issue(done, client, self.visits.of(request))
        except IssueRefused as no:
            raise AuthorizationError(_GATE_ERROR[no.reason], "this sign-in is refused", to=to) from no
        except OtherPerson as other:
            # Core §3.1.2.2: a code only for the person that the relying party named.
            raise AuthorizationError(OAuthError.LOGIN_REQUIRED, "another person signed in", to=to) from other
        except SessionOver as over:
            raise AuthorizationError(OAuthError.LOGIN_REQUIRED, "the session ended", to=to) from over
        response = self.responses.success(request, to, issued.code)
        self.arriving.sign_in(request, response, issued.cookie, rpps=issued.rpps, door=door_of(done))
        return response

    # Answers.

    def _answer_errors(self, request: Request, act: Callable[[], Response]) -> Response:
        try:
            return act()
        except AuthorizationError as error:
            self.refusals.tell(request, error, endpoint=_BASE, client_id=error.to.client_id)
            return self.responses.failure(request, error)
        except RefusedOnPage as shown:
            self.refusals.tell(request, shown, endpoint=_BASE, client_id=shown.asked_by)
            raise

    def _error(self, interaction: Interaction, error: OAuthError, description: str) -> AuthorizationError:
        return AuthorizationError(error, description, to=address_of(interaction, self._client(interaction)))

    def _client(self, interaction: Interaction) -> Client:
        """Returns the client, which is answered under its registration of this moment (facts/security AZ1).

        Raises PageError: an address removed from clients.yaml since gets neither code nor error.
        """
        client = self.clients.get(interaction.client_id)
        if client is None or interaction.request["redirect_uri"] not in client.answered_at:
            raise RefusedOnPage(Problem.UNKNOWN_CLIENT, rules.CLIENT_GONE)
        return client
