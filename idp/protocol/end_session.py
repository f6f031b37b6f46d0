"""/end_session: RP-Initiated Logout 1.0. Ends the SSO session and its grants, then Pro Santé Connect if it was used."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from flask import request
from werkzeug.wrappers import Response

from idp.accounts.grants import GrantRepository
from idp.accounts.repository import AccountNotFound, AccountRepository
from idp.audit import Audit, AuditEvent
from idp.clock import Clock
from idp.ephemeral import EphemeralStore, Kind
from idp.errors import Problem, Shown
from idp.interaction.session import Session
from idp.interaction.store import GRACE, Sessions, random_token
from idp.interaction.upstream import Upstream
from idp.pages import IdentityView, SignedOutPage
from idp.protocol.id_token_hint import BadHint, Hint, read_hint
from idp.sealing import Sealer
from idp.signing.key_ring import Keys
from idp.views import identity_view
from idp.web import Web, single_valued, with_query

_BASE = "/end_session"


@dataclass(frozen=True, slots=True)
class _Asked:
    """`return_url` is set only when it is registered for the client the request proves."""

    client_id: str | None
    return_url: str | None
    state: str | None
    hint_sid: str | None


@dataclass(frozen=True, slots=True)
class EndSessionEndpoint:
    sessions: Sessions
    grants: GrantRepository
    accounts: AccountRepository
    store: EphemeralStore
    keys: Keys
    upstream: Upstream | None
    sealer: Sealer
    audit: Audit
    clock: Clock
    web: Web

    def ask(self) -> Response:
        """GET by the relying party (RP-Initiated Logout §2)."""
        try:
            parameters = single_valued(request.args, self.web.settings.parameter_bytes * 2)
        except ValueError as error:
            raise Shown(Problem.BAD_REQUEST, str(error)) from error
        asked = self._read(parameters)
        session = self._session()
        if session is None:
            return self._leave(asked, None)
        if asked.hint_sid == session.sid:
            return self._end(session, asked)
        return self._confirm_page(session, asked)

    def ask_by_post(self) -> Response:
        """POST, turned into the GET: a cross-site POST carries no Lax cookie, so the session would not be seen."""
        return self.web.redirect(f"{_BASE}?{self.web.form_as_query(request)}")

    def confirm(self) -> Response:
        """POST of the confirmation page: the person's own click."""
        form = self.web.form(request, _BASE)
        kept = self.store.take(Kind.LOGOUT_REQUEST, form.get("request", "")) or {}
        asked = _Asked(**kept) if kept else _Asked(None, None, None, None)
        session = self._session()
        return self._leave(asked, None) if session is None else self._end(session, asked)

    def returned(self) -> Response:
        """Back from Pro Santé Connect, with or without `state` (facts/psc §6)."""
        kept = self.store.take(Kind.LOGOUT_REQUEST, request.args.get("state", "")) or {}
        return self._leave(_Asked(**kept) if kept else _Asked(None, None, None, None), None)

    def _read(self, parameters: Mapping[str, str]) -> _Asked:
        hint = self._hint(parameters.get("id_token_hint"))
        client_id = hint.client_id if hint else parameters.get("client_id")
        client = self.web.clients.get(client_id) if client_id else None
        # §2: client_id, when both are given, must be the audience of the hint.
        if client is None or parameters.get("client_id", client.client_id) != client.client_id:
            return _Asked(None, None, None, None)
        wished = parameters.get("post_logout_redirect_uri")
        return _Asked(
            client_id=client.client_id,
            return_url=wished if wished in client.post_logout_redirect_uris else None,
            state=parameters.get("state"),
            hint_sid=hint.sid if hint else None,
        )

    def _hint(self, token: str | None) -> Hint | None:
        if not token:
            return None
        try:
            return read_hint(token, keys=self.keys, issuer=self.web.settings.issuer)
        except BadHint:
            return None

    def _session(self) -> Session | None:
        return self.sessions.open(self.web.cookies.get(request, "session"), self.clock.now())

    def _confirm_page(self, session: Session, asked: _Asked) -> Response:
        """§2: without a valid hint for the present session, the person decides."""
        token = random_token()
        self._keep(token, dataclasses.replace(asked, hint_sid=None))
        return self._page("confirm", asked, session, token)

    def _keep(self, token: str, asked: _Asked) -> None:
        self.store.put(Kind.LOGOUT_REQUEST, token, dataclasses.asdict(asked), GRACE)

    def _end(self, session: Session, asked: _Asked) -> Response:
        now = self.clock.now()
        self.sessions.end(session.sid)
        self.grants.revoke_session(session.sid, now)
        self.audit.record(AuditEvent.SESSION_ENDED, account_id=session.account_id, client_id=asked.client_id)
        return self._leave(asked, session)

    def _leave(self, asked: _Asked, ended: Session | None) -> Response:
        upstream = self._upstream_logout(asked, ended)
        if upstream is not None:
            response = self.web.redirect(upstream)
        elif asked.return_url is not None:
            state = {"state": asked.state} if asked.state else {}
            response = self.web.redirect(with_query(asked.return_url, state))
        else:
            response = self._page("done", asked, None, "")
        if self._session() is None:  # A stray link to the way back from upstream ends no living session.
            self.web.cookies.clear(response, "session")
        return response

    def _upstream_logout(self, asked: _Asked, ended: Session | None) -> str | None:
        """Its own SSO would let the next colleague in (facts/psc §9)."""
        if ended is None or ended.upstream_id_token is None or self.upstream is None:
            return None
        id_token = self.sealer.open(ended.upstream_id_token)
        if id_token is None:
            return None
        token = random_token()
        return_url = f"{self.web.settings.issuer}/end_session/psc"
        url = self.upstream.logout_url(id_token, return_url=return_url, state=token)
        if url is not None:
            self._keep(token, dataclasses.replace(asked, hint_sid=None))
        return url

    def _page(self, state: str, asked: _Asked, session: Session | None, token: str) -> Response:
        client = self.web.clients.get(asked.client_id) if asked.client_id else None
        page = SignedOutPage(
            state=state,
            identity=self._identity(session),
            return_name=client.name if client else None,
            return_url=client.home if client else None,
            request=token,
            psc_was_used=bool(session and session.upstream_id_token),
        )
        browser = self.web.browser(request) or random_token()
        frame = self.web.frame(
            request, locale=self.web.locale(request), client=client, base_path=_BASE, browser=browser
        )
        response = self.web.page("signed_out.html", frame, page)
        if self.web.browser(request) is None:
            self.web.cookies.set(response, "browser", browser)
        return response

    def _identity(self, session: Session | None) -> IdentityView | None:
        if session is None:
            return None
        try:
            return identity_view(self.accounts.get(session.account_id).identity)
        except AccountNotFound:
            return None
