"""Contains the one HTTP mapping of errors: each exception becomes a page with a status, help and a way to go on.

Not here: the reasons (`core/errors`, `interaction/refusal`), the answers to clients (`protocol`).
"""

import dataclasses
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass

import structlog
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Request, Response

from idp.accounts.repository import AccountNotFound
from idp.clients.client_file import ClientFile
from idp.clients.registry import Client
from idp.core.ephemeral import StoreUnavailable
from idp.core.errors import RETRY_AFTER_SECONDS, STATUS, PageError, Problem
from idp.interaction.record import OF_NO_CLIENT
from idp.interaction.refusal import InteractionRefusal, InteractionRefused
from idp.interaction.store import fingerprint, hub_path, restart_path
from idp.pages.frame import Frame
from idp.pages.sign_in import ErrorPage
from idp.signing.signer import SignerUnavailable
from idp.web.cookies import Cookies
from idp.web.forms import CsrfTokens
from idp.web.kept_answers import KeptAnswers
from idp.web.kept_refusals import KeptRefusals
from idp.web.rendering import Rendering
from idp.web.sections import SIGN_IN_PATH

log = structlog.get_logger()

_HTTP_PROBLEMS = {
    400: Problem.BAD_REQUEST,
    404: Problem.NOT_FOUND,
    405: Problem.METHOD_NOT_ALLOWED,
    413: Problem.TOO_LARGE,
}


#: The page of each reason why an interaction cannot go on.
_INTERACTION_PROBLEMS = {
    InteractionRefusal.UNKNOWN: Problem.INTERACTION_UNKNOWN,
    InteractionRefusal.EXPIRED: Problem.INTERACTION_EXPIRED,
    InteractionRefusal.FINISHED: Problem.INTERACTION_FINISHED,
    InteractionRefusal.NO_COOKIE: Problem.COOKIES_NEEDED,
    InteractionRefusal.OTHER_BROWSER: Problem.OTHER_BROWSER,
    InteractionRefusal.WENT_ON: Problem.INTERACTION_WENT_ON,
    InteractionRefusal.NO_CHARTER: Problem.NO_CHARTER,
    InteractionRefusal.NO_CLIENT_CHARTER: Problem.NO_CLIENT_CHARTER,
    InteractionRefusal.NOT_NOW: Problem.UNAVAILABLE,
    InteractionRefusal.CROWDED: Problem.RATE_LIMITED,
}


#: Those that this browser may begin again.
_BEGUN_AGAIN = frozenset({InteractionRefusal.EXPIRED, InteractionRefusal.WENT_ON})


#: Asked for at random.
_OF_ANYBODY = frozenset({Problem.NOT_FOUND, Problem.METHOD_NOT_ALLOWED})


_OF_INTERACTION = re.compile(r"/interaction/([A-Za-z0-9_-]{43})(?=/|$)")


#: Told of a form of ours by a GET of its own. Of the others nothing was read, or the store may be silent; and who sends
#: too much makes us keep nothing by it.
_ASKED_FOR = frozenset(
    {
        Problem.ACCOUNT_DISABLED,
        Problem.ACCOUNT_GONE,
        Problem.NO_CHARTER,
        Problem.NO_CLIENT_CHARTER,
        Problem.UNKNOWN_CLIENT,
    }
)


#: Over in a moment.
_PASSING = frozenset({Problem.UNAVAILABLE, Problem.RATE_LIMITED})


def page_of(error: BaseException) -> PageError:
    """Returns the page of any exception."""
    if isinstance(error, PageError):
        return error
    if isinstance(error, InteractionRefused):
        return _page_of_refusal(error)
    if isinstance(error, AccountNotFound):
        return PageError(Problem.ACCOUNT_GONE, "erased during the request")
    if isinstance(error, StoreUnavailable | SignerUnavailable):
        return PageError(Problem.UNAVAILABLE, str(error))
    if isinstance(error, HTTPException):
        return PageError(_HTTP_PROBLEMS.get(error.code or 500, Problem.BAD_REQUEST), error.name)
    return PageError(Problem.INTERNAL)


def _page_of_refusal(refused: InteractionRefused) -> PageError:
    # Of the others nothing is left, or they are another browser's.
    can_begin_again = refused.reason in _BEGUN_AGAIN
    retry_path = restart_path(refused.interaction_id) if can_begin_again and refused.interaction_id else None
    return PageError(
        _INTERACTION_PROBLEMS[refused.reason],
        refused.detail,
        retry_path=retry_path,
        client_id=refused.client_id,
    )


def _is_passing(error: BaseException, shown: PageError) -> bool:
    """Whether the same address may answer in a moment; where a page was raised, that is what it always shows."""
    return shown.problem in _PASSING and not isinstance(error, PageError)


def _again(request: Request, error: BaseException, shown: PageError) -> str | None:
    """Returns where the person tries again: "" for the address that was asked for. A form is sent again from its page,
    to which the hub leads."""
    if shown.problem is Problem.COOKIES_NEEDED and shown.client_id == OF_NO_CLIENT:
        return SIGN_IN_PATH
    if not _is_passing(error, shown):
        return None
    if request.method == "GET":
        return ""
    found = _OF_INTERACTION.match(request.path)
    return hub_path(found[1]) if found else None


def _is_kept(error: BaseException, shown: PageError) -> bool:
    """Whether the help desk finds this page by its reference: not what is kept already, nor what any program on the
    network asks for; and a store that is silent is not waited for twice."""
    is_silent = isinstance(error, StoreUnavailable | SignerUnavailable)
    return not (shown.reference or is_silent or shown.problem in _OF_ANYBODY)


def _told(request: Request, shown: PageError) -> dict[str, str]:
    """Returns what is kept of a page: never its detail, which is the log's."""
    found = _OF_INTERACTION.match(request.path)
    sign_in = (found[1] if found else shown.interaction_id)[:8]
    told = {"problem": str(shown.problem), "client_id": shown.client_id or "", "interaction": sign_in}
    return {name: value for name, value in told.items() if value}


def _logged(error: BaseException, shown: PageError) -> str:
    """Returns the incident id that is on the page and in the log."""
    if shown.reference:
        return shown.reference
    incident = secrets.token_hex(4)
    is_ours = STATUS[shown.problem] >= 500
    # An exception raised to be shown says everything in its detail, and so does a store or key that is silent: in an
    # outage every page would have its trace. For any other one the log keeps it.
    is_meant = isinstance(error, PageError | InteractionRefused | StoreUnavailable | SignerUnavailable)
    (log.error if is_ours else log.info)(
        "page_error",
        incident=incident,
        problem=str(shown.problem),
        detail=shown.detail,
        exception_type=type(error).__name__,
        exc_info=error if is_ours and not is_meant else None,
    )
    return incident


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPages:
    clients: ClientFile
    cookies: Cookies
    csrf: CsrfTokens
    rendering: Rendering
    kept: KeptRefusals
    answers: KeptAnswers

    def answer(self, request: Request, error: BaseException) -> Response:
        shown = self._shown(request, error)
        incident = _logged(error, shown)  # first: whatever fails below, the cause is in the log
        if _is_kept(error, shown):
            self.kept.keep(request, incident, _told(request, shown))
        if request.method == "POST" and shown.problem in _ASKED_FOR:
            # A silent store tells nothing later: then here, at once.
            with suppress(StoreUnavailable):
                return self.answers.leave_error(shown, incident)
        client = self.clients.get(shown.client_id) if shown.client_id else None
        page = ErrorPage(
            key=f"error.{shown.problem}",
            incident=incident,
            retry_path=shown.retry_path,
            return_url=client.home if client else None,
            return_name=client.name if client else None,
            again=_again(request, error, shown),
            motive=shown.motive,
        )
        frame = self._frame(request, shown, client)
        response = self.rendering.page("error.html", frame, page, STATUS[shown.problem])
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))  # RFC 9110 §15.5.6
        if shown.problem in RETRY_AFTER_SECONDS:
            response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS[shown.problem])
        return response

    def _shown(self, request: Request, error: BaseException) -> PageError:
        """Returns the page of it. A browser that has others of our cookies refuses none: its sign-in began in another
        one, which is not told whose it is."""
        shown = page_of(error)
        if shown.problem is Problem.COOKIES_NEEDED and self.cookies.sends_any(request):
            return PageError(Problem.OTHER_BROWSER, "no cookie of this sign-in, but others")
        return shown

    def _frame(self, request: Request, shown: PageError, client: Client | None) -> Frame:
        """Returns the frame, with a CSRF token where the page has the form that begins again."""
        frame = self.rendering.frame(
            request,
            client_name=client.name if client else None,
            client_logo=self.clients.logo_path(shown.client_id or ""),
            base_path="",
        )
        base_path = (shown.retry_path or "").removesuffix("/restart")
        interaction_id = base_path.removeprefix(hub_path(""))
        binding = self.cookies.bindings(request).get(interaction_id) or self.cookies.browser(request)
        if not base_path or binding is None:
            return frame
        token = self.csrf.token(fingerprint(binding), base_path)
        return dataclasses.replace(frame, base_path=base_path, csrf=token)
