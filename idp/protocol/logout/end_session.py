"""/end_session: RP-Initiated Logout 1.0.

Contains what ends, in this order: the SSO session with its grants, the notices to relying parties that we call (one
commit, before we answer); relying parties in frames; Pro Santé Connect if it was used. It comes last as its pages may
be slow or down, and relying parties must not wait for it. Not here: the notices themselves (`backchannel`).
"""

import dataclasses
from contextlib import suppress
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.accounts.repository import AccountNotFound, AccountRepository
from idp.clients.client_file import ClientFile
from idp.core.clock import Clock
from idp.core.ephemeral import EphemeralStore, Kind
from idp.core.records import from_plain, to_plain
from idp.interaction.session import Session
from idp.interaction.sessions import Sessions
from idp.interaction.sign_out import SignOut
from idp.interaction.store import GRACE, random_token
from idp.pages.identity import identity_view
from idp.pages.sign_in import IdentityView
from idp.pages.signed_out import LogoutFrame, SignedOutPage
from idp.protocol.logout.by_upstream import WayByUpstream
from idp.protocol.logout.logout_request import NOTHING, LogoutRequest, LogoutRequests, return_to
from idp.protocol.rules.refusals import Refusals
from idp.web.addresses import redirect
from idp.web.cookies import LEAVING_COOKIE, Cookies
from idp.web.forms import FormOvertaken, Forms
from idp.web.kept_answers import Around, KeptAnswers
from idp.web.leaving import Leaving
from idp.web.logout_frames import allow_frames, frames_for
from idp.web.parameters import read_query, require_short, without_empty
from idp.web.rendering import Rendering

_BASE = "/end_session"
_NO_FRAMES: tuple[LogoutFrame, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSessionEndpoint:
    sessions: Sessions
    sign_out: SignOut
    leaving: Leaving
    answers: KeptAnswers
    accounts: AccountRepository
    store: EphemeralStore
    requests: LogoutRequests
    by_upstream: WayByUpstream
    clock: Clock
    clients: ClientFile
    cookies: Cookies
    forms: Forms
    rendering: Rendering
    issuer: str
    refusals: Refusals
    #: The longest value that a relying party may send, and what may be kept of its request.
    parameter_bytes: int
    kept_bytes: int

    def ask(self, request: Request) -> Response:
        """GET, to which the relying party sends the browser (RP-Initiated Logout §2)."""
        asked, fault = self.requests.read(read_query(without_empty(request.args), self.parameter_bytes))
        if fault is not None:
            self.refusals.tell(request, fault, endpoint=_BASE, client_id=fault.asked_by)
        require_short(to_plain(asked), self.kept_bytes)
        recalled = self.sessions.recall(self.cookies.get(request, "session"))
        if recalled is not None and asked.hint_sid == recalled.sid:
            # facts/security LO1: its hint is of this very session, so no page asks the person. Also when the session
            # expired meanwhile: sessions of relying parties and refresh tokens may have outlived it.
            return self._end(request, recalled, asked)
        return self._end_elsewhere(request, asked)

    def _end_elsewhere(self, request: Request, asked: LogoutRequest) -> Response:
        """End the session that the hint names, if any; that of this browser is another one, or there is none.

        Its record or this cookie was lost, another person signed in since, or a server calls (facts/security LO8).
        """
        told, frames = asked, _NO_FRAMES
        if asked.hint_sid is not None:
            # We signed this name for this client, and nobody else has it.
            reached = self.sign_out.end_named(asked.hint_sid, self.clock.now(), asked.client_id)
            told, frames = self._told(asked, asked.hint_sid, reached)
        session = self._session(request)
        if session is None:
            return self._leave(request, told, None, frames)
        # The person here asked for nothing. No frame either: some applications heed no `sid`, and would end theirs.
        return self._confirm_page(request, session, asked)

    def ask_by_post(self, request: Request) -> Response:
        """POST, turned into the GET: a cross-site POST has no Lax cookie, so we would not see the session."""
        return redirect(f"{_BASE}?{self.forms.as_query(request)}")

    def ask_again(self, request: Request, token: str) -> Response:
        """Show the confirmation page in the other language; the request was kept."""
        kept, session = self.store.get(Kind.LOGOUT_REQUEST, token), self._session(request)
        if kept is None or session is None:
            return redirect("/")
        return self._confirm_page(request, session, from_plain(LogoutRequest, kept.value))

    def confirm(self, request: Request) -> Response:
        """POST of the confirmation page: the person clicked. If another tab signed in or out since, they are asked."""
        session = self._session(request)
        try:
            form = self.forms.read(request, _BASE)
        except FormOvertaken:
            # Asked anew, by a page for whoever is signed in now; nobody is, perhaps.
            return redirect(_BASE)
        asked = self._kept(form.get("request", ""))
        if session is not None:
            return self._end(request, session, asked)
        # Nobody was signed in, and nothing was asked: the GET says so, and a stranger's form leaves no answer to keep.
        response = redirect(_BASE) if asked == NOTHING else self._leave(request, asked, None)
        # facts/security PS10: a second click, perhaps; the first one's answer, which led to Pro Santé Connect, is lost.
        self.cookies.mark_signed_out(response)
        return response

    def returned(self, request: Request) -> Response:
        """Back from Pro Santé Connect, with or without `state` (facts/psc §6)."""
        back = self.by_upstream.back(request.args.get("state", ""), self.cookies.get(request, LEAVING_COOKIE))
        asked = from_plain(LogoutRequest, back.asked) if back.asked else NOTHING
        if back.is_certain:
            return self._leave(request, asked, None)
        return self._cleared(request, self._stay(request, asked, is_left_open=back.is_left_open))

    def _kept(self, token: str) -> LogoutRequest:
        # Not taken: a second click, or the one after a failure, leads where the first one would have.
        kept = self.store.get(Kind.LOGOUT_REQUEST, token)
        return from_plain(LogoutRequest, kept.value) if kept else NOTHING

    def _session(self, request: Request) -> Session | None:
        """Returns the session to end; one that waited too long for its shared station all the more."""
        return self.sessions.open(self.cookies.get(request, "session"), self.clock.now())

    def _confirm_page(self, request: Request, session: Session, asked: LogoutRequest) -> Response:
        """Returns the page that asks the person: there is no valid hint of this session (§2, facts/security LO1)."""
        token = random_token()
        self._keep(token, dataclasses.replace(asked, hint_sid=None))
        view = self._view("confirm", asked)
        page = dataclasses.replace(view, identity=self._identity(session), request=token)
        return self._page(request, page, asked, f"{_BASE}/confirm/{token}")

    def _keep(self, token: str, asked: LogoutRequest) -> None:
        self.store.put(Kind.LOGOUT_REQUEST, token, to_plain(asked), GRACE)

    def _end(self, request: Request, session: Session, asked: LogoutRequest) -> Response:
        reached = self.sign_out.end(session, self.clock.now(), asked.client_id)
        told, frames = self._told(asked, session.sid, reached)
        return self._leave(request, told, session, frames)

    def _told(
        self, asked: LogoutRequest, sid: str, reached: frozenset[str]
    ) -> tuple[LogoutRequest, tuple[LogoutFrame, ...]]:
        """Returns the request with the clients that are told of this end, and the frames that tell them."""
        clients = [client for client_id, client in self.clients.registry().items() if client_id in reached]
        told = [client.client_id for client in clients if client.is_told_of_logout]
        return dataclasses.replace(asked, told=told), frames_for(clients, issuer=self.issuer, sid=sid)

    def _leave(
        self,
        request: Request,
        asked: LogoutRequest,
        ended: Session | None,
        frames: tuple[LogoutFrame, ...] = _NO_FRAMES,
    ) -> Response:
        kept = to_plain(dataclasses.replace(asked, hint_sid=None))
        upstream = self.by_upstream.out(ended, kept)
        if upstream.is_left_open:
            response = self._stay(request, asked, frames, is_left_open=True)
        else:
            response = self._go_on(request, asked, upstream.url, frames)
        if upstream.name is not None:
            self.cookies.set(response, LEAVING_COOKIE, upstream.name)
        if ended is not None:
            self.leaving.sign_out(request, response, ended.account_id)
        elif asked.hint_sid is not None:
            # facts/security PS10: the next person at this browser is identified anew by Pro Santé Connect.
            self.cookies.mark_signed_out(response)
        return self._cleared(request, response)

    def _go_on(
        self, request: Request, asked: LogoutRequest, upstream: str | None, frames: tuple[LogoutFrame, ...]
    ) -> Response:
        onward = upstream or return_to(asked)
        if onward is not None and not frames:
            return redirect(onward)
        page = dataclasses.replace(self._view("done", asked), frames=frames, onward_url=onward)
        return self._page(request, dataclasses.replace(page, onward="psc" if upstream else "return"), asked)

    def _stay(
        self,
        request: Request,
        asked: LogoutRequest,
        frames: tuple[LogoutFrame, ...] = _NO_FRAMES,
        *,
        is_left_open: bool,
    ) -> Response:
        """Returns the page from which the person goes on by a click: they must read it, or the way is not certain."""
        view = self._view("done", asked)
        return_url = return_to(asked) or view.return_url
        page = dataclasses.replace(view, frames=frames, psc_is_open=is_left_open, return_url=return_url)
        return self._page(request, page, asked, f"{_BASE}/psc")

    def _cleared(self, request: Request, response: Response) -> Response:
        if (
            self._session(request) is None
        ):  # The address of the way back, opened by itself, ends no living session.
            self.cookies.clear(response, "session")
        return response

    def _view(self, state: str, asked: LogoutRequest) -> SignedOutPage:
        client, registry = self.clients.get(asked.client_id or ""), self.clients.registry()
        others = [name for name in asked.told if name in registry and name != asked.client_id]
        return SignedOutPage(
            state=state,
            identity=None,
            return_name=client.name if client else None,
            return_url=client.home if client else None,
            request="",
            told=tuple(registry[name].name for name in others),
            return_refused=asked.is_misdirected,
        )

    def _page(self, request: Request, page: SignedOutPage, asked: LogoutRequest, path: str = "") -> Response:
        """Returns the page; to a form, the way to it. `path`: where a GET shows it again."""
        client = self.clients.get(asked.client_id or "")
        name = client.name if client else None
        if request.method == "POST":
            around = Around(client_name=name, wished=asked.ui_locales, again=path or "/")
            return self.answers.leave(page, around)
        browser = self.cookies.browser(request) or random_token()
        frame = self.rendering.frame(
            request, client_name=name, base_path=_BASE, wished=asked.ui_locales, browser=browser
        )
        if path:
            frame = dataclasses.replace(frame, language_path=path)
        response = self.rendering.page("signed_out.html", frame, page)
        allow_frames(response, page.frames)
        self.cookies.know_browser(request, response, browser)
        return response

    def _identity(self, session: Session) -> IdentityView | None:
        """Returns whom the page greets; None when the account is gone."""
        with suppress(AccountNotFound):
            return identity_view(self.accounts.get(session.account_id).identity)
        return None
