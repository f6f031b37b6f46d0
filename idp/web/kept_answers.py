"""What a form is answered where the page is left with it: its person is signed out, or nothing goes on there.

Contains the page that says so, asked for by a GET of its own: once, by the browser that sent the form; « back » and
« reload » send nothing again. Not here: what a page says on which the person stays (`flows/shared/replies`).
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from werkzeug.wrappers import Request, Response

from idp.core.ephemeral import EphemeralStore, Kind
from idp.core.errors import PageError, Problem
from idp.core.records import read_if_known, to_plain
from idp.interaction.store import random_token
from idp.pages.account import PasswordChangedPage
from idp.pages.closing import ClosingAskedPage
from idp.pages.history import ReportedPage
from idp.pages.signed_out import SignedOutPage
from idp.web.addresses import redirect
from idp.web.cookies import ANSWER_COOKIE, Cookies
from idp.web.logout_frames import allow_frames
from idp.web.page_routes import PageRoute
from idp.web.rendering import Rendering

_PATH = "/answer"
#: The template of each page. Its name in a record is that of its class.
_TEMPLATES: Mapping[type[Any], str] = {
    PasswordChangedPage: "account/password_changed.html",
    ClosingAskedPage: "account/closing_asked.html",
    ReportedPage: "account/reported.html",
    SignedOutPage: "signed_out.html",
}
_PAGES: Mapping[str, type[Any]] = {kind.__name__: kind for kind in _TEMPLATES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """Of the page. `again`: where a GET shows it in the other language."""

    client_name: str | None = None
    wished: str = ""
    again: str = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusal:
    """A `PageError`, of which the log has the rest under `reference`."""

    problem: Problem
    retry_path: str | None
    client_id: str | None
    motive: str
    reference: str

    def error(self) -> PageError:
        """Returns it anew, which is told to nobody else a second time."""
        error = PageError(
            self.problem,
            retry_path=self.retry_path,
            client_id=self.client_id,
            motive=self.motive,
        )
        error.reference = self.reference
        return error


_NOTHING_AROUND = Around()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswers:
    store: EphemeralStore
    life: timedelta
    cookies: Cookies
    rendering: Rendering

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", _PATH, self.show)

    def leave(self, page: Any, around: Around = _NOTHING_AROUND) -> Response:
        """Returns the way to this page, which is one of the table. Called before what it tells is done: whatever fails
        then, nobody reads it. Raises StoreUnavailable."""
        told = {"page": type(page).__name__, "view": to_plain(page), "around": to_plain(around)}
        return self._way_to(told)

    def leave_error(self, error: PageError, reference: str) -> Response:
        """Returns the way to the page of this error. Raises StoreUnavailable."""
        refusal = _Refusal(
            problem=error.problem,
            retry_path=error.retry_path,
            client_id=error.client_id,
            motive=error.motive,
            reference=reference,
        )
        return self._way_to({"refusal": to_plain(refusal)})

    def show(self, request: Request) -> Response:
        """Raises PageError, if that was the answer. Where there is none any more, to the person's own pages."""
        name = self.cookies.get(request, ANSWER_COOKIE)
        told = (self.store.take(Kind.ANSWER_TO_FORM, name) if name else None) or {}
        refusal = read_if_known(_Refusal, told.get("refusal", {}))
        if refusal is not None:
            raise refusal.error()
        response = self._page(request, told) or redirect("/")
        self.cookies.clear(response, ANSWER_COOKIE)
        return response

    def _page(self, request: Request, told: Mapping[str, Any]) -> Response | None:
        """Returns the page; None for none, and for that of another version of this service."""
        kind, around = _PAGES.get(told.get("page", "")), read_if_known(Around, told.get("around", {}))
        view = None if kind is None else read_if_known(kind, told.get("view", {}))
        if kind is None or view is None or around is None:
            return None
        frame = self.rendering.frame(
            request, client_name=around.client_name, base_path=around.again, wished=around.wished
        )
        shown = dataclasses.replace(frame, language_path=around.again)
        response = self.rendering.page(_TEMPLATES[kind], shown, view)
        if isinstance(view, SignedOutPage):
            allow_frames(response, view.frames)
        return response

    def _way_to(self, told: Mapping[str, Any]) -> Response:
        name, response = random_token(), redirect(_PATH)
        self.store.put(Kind.ANSWER_TO_FORM, name, told, self.life)
        self.cookies.set(response, ANSWER_COOKIE, name)
        return response
