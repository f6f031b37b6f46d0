"""The one HTTP mapping of `errors`: every exception becomes a page with a status, a word of help and a way on."""

import dataclasses
import secrets

import structlog
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Request, Response

from idp.core.ephemeral import StoreUnavailable
from idp.core.errors import RETRY_AFTER_SECONDS, STATUS, PageError, Problem
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


def _shown(error: BaseException) -> PageError:
    if isinstance(error, PageError):
        return error
    if isinstance(error, StoreUnavailable | SignerUnavailable):
        return PageError(Problem.UNAVAILABLE, str(error))
    if isinstance(error, HTTPException):
        return PageError(_HTTP_PROBLEMS.get(error.code or 500, Problem.BAD_REQUEST), error.name)
    return PageError(Problem.INTERNAL)


def error_page(web: Web, request: Request, error: BaseException) -> Response:
    shown = _shown(error)
    incident = secrets.token_hex(4)
    level = log.error if STATUS[shown.problem] >= 500 else log.info
    cause = error if STATUS[shown.problem] >= 500 and not isinstance(error, PageError) else None
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
