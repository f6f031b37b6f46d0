"""/end_session: RP-Initiated Logout 1.0.

Contains what ends, in this order: the SSO session with its grants, the notices to relying parties that we call (one
commit, before we answer); relying parties in frames; Pro Santé Connect if it was used. It comes last as its pages may
be slow or down, and relying parties must not wait for it. Not here: the notices themselves (`backchannel`).
"""

import dataclasses
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from flask import request
from werkzeug.wrappers import Response

from idp.accounts.repository import AccountNotFound, AccountRepository
from idp.clients.registry import Client, ClientFile
from idp.core.clock import Clock
from idp.core.ephemeral import EphemeralStore, Kind
from idp.core.records import from_plain, to_plain
from idp.core.sealing import Sealer
from idp.interaction.session import Session
from idp.interaction.sign_out import SignOut
from idp.interaction.store import GRACE, Sessions, random_token
from idp.interaction.upstream import Upstream
from idp.pages.identity import identity_view
from idp.pages.sign_in import IdentityView, LogoutFrame, SignedOutPage
from idp.protocol.jose.id_token_hint import BadHint, Hint, read_hint
from idp.signing.key_ring import Keys
from idp.web.addresses import redirect, with_query
from idp.web.cookies import Cookies
from idp.web.forms import Forms
from idp.web.logout_frames import frames_for, policy_for
from idp.web.parameters import read_query, require_short, without_empty
from idp.web.rendering import Rendering

_BASE = "/end_session"


@dataclass(frozen=True, slots=True, kw_only=True)
class _LogoutRequest:
    """What a relying party asked for.

    `return_url`: None unless it is registered for the client that the request names.
    """

    client_id: str | None
    return_url: str | None
    state: str | None
    hint_sid: str | None
    ui_locales: str = ""
    #: Clients that were told, for the page that comes after those of Pro Santé Connect.
    told: Sequence[str] = ()
    #: The request asked for an address that this client has not registered.
    is_misdirected: bool = False


_NOTHING = _LogoutRequest(client_id=None, return_url=None, state=None, hint_sid=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSessionEndpoint:
    sessions: Sessions
    sign_out: SignOut
    accounts: AccountRepository
    store: EphemeralStore
    keys: Keys
    upstream: Upstream | None
    sealer: Sealer
    clock: Clock
    clients: ClientFile
    cookies: Cookies
    forms: Forms
    rendering: Rendering
    issuer: str
    #: The longest value that a relying party may send, and what may be kept of its request.
    parameter_bytes: int
    kept_bytes: int

    def ask(self) -> Response:
        """GET, to which the relying party sends the browser (RP-Initiated Logout §2)."""
        asked = self._read(read_query(without_empty(request.args), self.parameter_bytes))
        require_short(to_plain(asked), self.kept_bytes)
        recalled = self.sessions.recall(self.cookies.get(request, "session"))
        if recalled is not None and asked.hint_sid == recalled.sid:
            # facts/security LO1: its hint is of this very session, so no page asks the person. Also when the session
            # expired meanwhile: sessions of relying parties and refresh tokens may have outlived it.
            return self._end(recalled, asked)
        session = self._session()
        return self._leave(asked, None) if session is None else self._confirm_page(session, asked)

    def ask_by_post(self) -> Response:
        """POST, turned into the GET: a cross-site POST has no Lax cookie, so we would not see the session."""
        return redirect(f"{_BASE}?{self.forms.as_query(request)}")

    def ask_again(self, token: str) -> Response:
        """Show the confirmation page in the other language; the request was kept."""
        kept, session = self.store.get(Kind.LOGOUT_REQUEST, token), self._session()
        if kept is None or session is None:
            return redirect("/")
        return self._confirm_page(session, from_plain(_LogoutRequest, kept.value))

    def confirm(self) -> Response:
        """POST of the confirmation page: the person clicked."""
        form = self.forms.read(request, _BASE)
        kept = self.store.take(Kind.LOGOUT_REQUEST, form.get("request", "")) or {}
        asked = from_plain(_LogoutRequest, kept) if kept else _NOTHING
        session = self._session()
        return self._leave(asked, None) if session is None else self._end(session, asked)

    def returned(self) -> Response:
        """Back from Pro Santé Connect, with or without `state` (facts/psc §6)."""
        kept = self.store.take(Kind.LOGOUT_REQUEST, request.args.get("state", "")) or {}
        return self._leave(from_plain(_LogoutRequest, kept) if kept else _NOTHING, None)

    def _read(self, parameters: Mapping[str, str]) -> _LogoutRequest:
        hint = self._hint(parameters.get("id_token_hint"))
        client_id = hint.client_id if hint else parameters.get("client_id")
        client = self.clients.get(client_id) if client_id else None
        ui_locales = parameters.get("ui_locales", "")
        # RP-Initiated Logout §2: if both are given, client_id must be the audience of the hint.
        if client is None or parameters.get("client_id", client.client_id) != client.client_id:
            return dataclasses.replace(_NOTHING, ui_locales=ui_locales)
        wished = parameters.get("post_logout_redirect_uri")
        is_registered = wished in client.post_logout_redirect_uris
        return _LogoutRequest(
            client_id=client.client_id,
            return_url=wished if is_registered else None,
            # §4: what is not valid is not used (facts/security LO2); the rest of the request is.
            is_misdirected=bool(wished) and not is_registered,
            state=parameters.get("state"),
            hint_sid=hint.sid if hint else None,
            ui_locales=ui_locales,
        )

    def _hint(self, token: str | None) -> Hint | None:
        with suppress(BadHint):
            return read_hint(token, keys=self.keys, issuer=self.issuer) if token else None
        return None

    def _session(self) -> Session | None:
        """Returns the session to end. Also one that has waited too long for its shared station: it is ended all the
        more."""
        return self.sessions.open(self.cookies.get(request, "session"), self.clock.now())

    def _confirm_page(self, session: Session, asked: _LogoutRequest) -> Response:
        """Returns the page that asks the person: there is no valid hint of this session (§2, facts/security LO1)."""
        token = random_token()
        self._keep(token, dataclasses.replace(asked, hint_sid=None))
        page = dataclasses.replace(
            self._view("confirm", asked, session), identity=self._identity(session), request=token
        )
        return self._page(page, asked, f"{_BASE}/confirm/{token}")

    def _keep(self, token: str, asked: _LogoutRequest) -> None:
        self.store.put(Kind.LOGOUT_REQUEST, token, to_plain(asked), GRACE)

    def _end(self, session: Session, asked: _LogoutRequest) -> Response:
        reached = self.sign_out.end(session, self.clock.now(), asked.client_id)
        registry = self.clients.registry()
        clients = [client for client_id, client in registry.items() if client_id in reached]
        told = [client.client_id for client in clients if client.is_told_of_logout]
        frames = frames_for(clients, issuer=self.issuer, sid=session.sid)
        return self._leave(dataclasses.replace(asked, told=told), session, frames)

    def _leave(
        self, asked: _LogoutRequest, ended: Session | None, frames: tuple[LogoutFrame, ...] = ()
    ) -> Response:
        upstream = self._upstream_logout(asked, ended)
        onward = upstream or _return_to(asked)
        if onward is not None and not frames:
            response = redirect(onward)
        else:
            page = dataclasses.replace(
                self._view("done", asked, None),
                frames=frames,
                onward_url=onward,
                onward="psc" if upstream else "return",
            )
            response = self._page(page, asked)
        if frames:
            response.headers["Content-Security-Policy"] = policy_for(frames)
        # facts/security PS10: the next person at this browser is identified anew by Pro Santé Connect.
        if ended is not None:
            self.cookies.mark_signed_out(response)
        if self._session() is None:  # The address of the way back, opened by itself, ends no living session.
            self.cookies.clear(response, "session")
        return response

    def _upstream_logout(self, asked: _LogoutRequest, ended: Session | None) -> str | None:
        """Returns where Pro Santé Connect ends its own session, which would let a colleague in (facts/psc §9)."""
        if ended is None or ended.upstream_id_token is None or self.upstream is None:
            return None
        id_token = self.sealer.open(ended.upstream_id_token)
        if id_token is None:
            return None
        token = random_token()
        return_url = f"{self.issuer}/end_session/psc"
        url = self.upstream.logout_url(id_token, return_url=return_url, state=token)
        if url is not None:
            self._keep(token, dataclasses.replace(asked, hint_sid=None))
        return url

    def _view(self, state: str, asked: _LogoutRequest, session: Session | None) -> SignedOutPage:
        client, registry = self._client(asked), self.clients.registry()
        others = [name for name in asked.told if name in registry and name != asked.client_id]
        return SignedOutPage(
            state=state,
            identity=None,
            return_name=client.name if client else None,
            return_url=client.home if client else None,
            request="",
            psc_was_used=bool(session and session.upstream_id_token),
            told=tuple(registry[name].name for name in others),
            return_refused=asked.is_misdirected,
        )

    def _client(self, asked: _LogoutRequest) -> Client | None:
        return self.clients.get(asked.client_id) if asked.client_id else None

    def _page(self, page: SignedOutPage, asked: _LogoutRequest, path: str = "") -> Response:
        """Returns the page. `path`: where a GET shows it again."""
        browser = self.cookies.browser(request) or random_token()
        frame = self.rendering.frame(
            request,
            client=self._client(asked),
            base_path=_BASE,
            wished=asked.ui_locales,
            browser=browser,
        )
        if path:
            frame = dataclasses.replace(frame, other_locale_path=f"{path}?lang={frame.other_locale}")
        response = self.rendering.page("signed_out.html", frame, page)
        self.cookies.know_browser(request, response, browser)
        return response

    def _identity(self, session: Session) -> IdentityView | None:
        """Returns whom the page greets; None when the account is gone."""
        try:
            return identity_view(self.accounts.get(session.account_id).identity)
        except AccountNotFound:
            return None


def _return_to(asked: _LogoutRequest) -> str | None:
    """Returns the registered address, with the `state` that was given (RP-Initiated Logout §3)."""
    if asked.return_url is None:
        return None
    return with_query(asked.return_url, {"state": asked.state} if asked.state else {})
