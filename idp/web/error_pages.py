"""The one HTTP mapping of `errors`: every exception becomes a page with a status, a word of help and a way on."""

import dataclasses
import secrets

import structlog
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Request, Response

from idp.core.ephemeral import StoreUnavailable
from idp.core.errors import RETRY_AFTER_SECONDS, STATUS, PageError, Problem
from idp.interaction.refusal import InteractionRefusal, InteractionRefused
from idp.interaction.store import restart_path
from idp.pages.sign_in import ErrorPage
from idp.signing.signer import SignerUnavailable
from idp.web.browser import Web

log = structlog.get_logger()

_HTTP_PROBLEMS = {
    400: Problem.BAD_REQUEST,
    404: Problem.NOT_FOUND,
    405: Problem.METHOD_NOT_ALLOWED,
    413: Problem.TOO_LARGE,
}


#: Why an interaction cannot go on, as the person reads it.
_INTERACTION_PROBLEMS = {
    InteractionRefusal.UNKNOWN: Problem.INTERACTION_UNKNOWN,
    InteractionRefusal.EXPIRED: Problem.INTERACTION_EXPIRED,
    InteractionRefusal.FINISHED: Problem.INTERACTION_FINISHED,
    InteractionRefusal.NO_COOKIE: Problem.COOKIES_NEEDED,
    InteractionRefusal.OTHER_BROWSER: Problem.OTHER_BROWSER,
    InteractionRefusal.NO_CHARTER: Problem.NO_CHARTER,
    InteractionRefusal.NO_CLIENT_CHARTER: Problem.NO_CLIENT_CHARTER,
    InteractionRefusal.NOT_NOW: Problem.UNAVAILABLE,
}


def page_of(error: BaseException) -> PageError:
    """Returns what a person is shown of an exception, whatever it is."""
    if isinstance(error, PageError):
        return error
    if isinstance(error, InteractionRefused):
        return _page_of_refusal(error)
    if isinstance(error, StoreUnavailable | SignerUnavailable):
        return PageError(Problem.UNAVAILABLE, str(error))
    if isinstance(error, HTTPException):
        return PageError(_HTTP_PROBLEMS.get(error.code or 500, Problem.BAD_REQUEST), error.name)
    return PageError(Problem.INTERNAL)


def _page_of_refusal(refused: InteractionRefused) -> PageError:
    # Only what expired begins again: of the others there is nothing left, or it is not this browser's.
    is_expired = refused.reason is InteractionRefusal.EXPIRED
    retry_path = restart_path(refused.interaction_id) if is_expired and refused.interaction_id else None
    return PageError(
        _INTERACTION_PROBLEMS[refused.reason],
        refused.detail,
        retry_path=retry_path,
        client_id=refused.client_id,
    )


def error_page(web: Web, request: Request, error: BaseException) -> Response:
    shown = page_of(error)
    incident = secrets.token_hex(4)
    level = log.error if STATUS[shown.problem] >= 500 else log.info
    # What was raised to be shown says all in its detail; of anything else the log keeps the trace.
    is_meant = isinstance(error, PageError | InteractionRefused)
    cause = error if STATUS[shown.problem] >= 500 and not is_meant else None
    level(
        "page_error",
        incident=incident,
        problem=str(shown.problem),
        detail=shown.detail,
        exception=type(error).__name__,
        exc_info=cause,
    )
    client = web.clients.get(shown.client_id) if shown.client_id else None
    frame = web.frame(request, locale=web.locale(request), client=client, base_path="")
    base_path = (shown.retry_path or "").removesuffix("/restart")
    browser = web.browser(request)
    if base_path and browser:
        frame = dataclasses.replace(frame, base_path=base_path, csrf=web.csrf(browser, base_path))
    page = ErrorPage(
        key=f"error.{shown.problem}",
        incident=incident,
        retry_path=shown.retry_path,
        return_url=client.home if client else None,
        return_name=client.name if client else None,
    )
    response = web.page("error.html", frame, page, STATUS[shown.problem])
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))  # RFC 9110 §15.5.6
    if shown.problem in RETRY_AFTER_SECONDS:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS[shown.problem])
    return response
