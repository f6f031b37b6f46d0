"""What both origins share.

Contains language, security headers, error pages, outages. Not here: protocol.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from sandbox.psc.simulator import Simulator
from sandbox.psc.words import LANGUAGES

SESSION_COOKIE = "psc_sim_session"
BROWSER_COOKIE = "psc_sim_browser"
_LANGUAGE_COOKIE = "psc_sim_lang"
_SECURITY_HEADERS: Mapping[str, str] = {
    # No form-action: browsers apply it to the whole chain of redirects after a form, out to relying parties.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Pragma": "no-cache",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_LARGEST_FORM = 64 * 1024


def new_app(simulator: Simulator, targets: Mapping[str, str]) -> Flask:
    """Returns an application without routes. `targets`: the switch target of each of its endpoints."""
    app = Flask("sandbox.psc", static_url_path="/static")
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_FORM
    # No page of another site may reach the simulator by renaming itself to 127.0.0.1.
    app.config["TRUSTED_HOSTS"] = ["localhost", "127.0.0.1"]
    app.json.sort_keys = False  # type: ignore[attr-defined]  # declared on DefaultJSONProvider only

    @app.before_request
    def misbehave() -> Response | None:
        target = targets.get(request.endpoint or "")
        if target is None:
            return None
        time.sleep(simulator.switches.delay_of(target))
        # A server that answers a form it did not read resets the connection, and the answer may be lost with it.
        request.get_data()
        if simulator.switches.is_out(target):
            return _unavailable()
        return _STRANGE_ANSWERS[simulator.switches.answer_of(target)]()

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers.update(_SECURITY_HEADERS)
        if request.args.get("lang") in LANGUAGES:
            set_cookie(response, _LANGUAGE_COOKIE, request.args["lang"])
        return response

    @app.context_processor
    def words() -> dict[str, Any]:
        return {
            "lang": language(),
            "words": LANGUAGES[language()],
            "control_page": f"{simulator.auth_origin}/simulateur",
        }

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        return problem("not_found" if error.code == 404 else "bad_request", error.code or 500)

    return app


def language() -> str:
    wanted = request.args.get("lang") or request.cookies.get(_LANGUAGE_COOKIE)
    return wanted if wanted and wanted in LANGUAGES else "fr"


def problem(reason: str, status: int = 400) -> Response:
    """Returns a page that ends the sign-in. `reason`: a key of the words."""
    return make_response(render_template("problem.html", reason=reason), status)


def set_cookie(response: Response, name: str, value: str) -> None:
    """Set a cookie for the browser session. Not Secure: the simulator is http on loopback only."""
    response.set_cookie(name, value, httponly=True, samesite="Lax")


def forget_cookie(response: Response, name: str) -> None:
    response.delete_cookie(name, httponly=True, samesite="Lax")


def is_foreign_form() -> bool:
    """Whether a page of another origin sent this form."""
    origin = request.headers.get("Origin")
    return origin is not None and origin != request.host_url.rstrip("/")


def _unavailable() -> Response:
    # The answer of a gateway in front of a realm that is down: neither JSON nor one of our pages.
    return Response("<html><body><h1>503 Service Unavailable</h1></body></html>", 503, {"Retry-After": "30"})


def _html() -> Response:
    return Response("<html><body><h1>Maintenance</h1></body></html>")


def _not_json() -> Response:
    return Response('{"sub":', mimetype="application/json")


def _five_megabytes() -> Response:
    return Response('{"filling":"' + "z" * 5_000_000 + '"}', mimetype="application/json")


def _cut_off() -> Response:
    """Returns a response that announces more than it sends: the server then closes the connection."""
    response = Response('{"sub":', mimetype="application/json")
    response.headers["Content-Length"] = "4000"
    response.automatically_set_content_length = False
    return response


def _one_mebibyte() -> Response:
    refusal = '{"error":"invalid_request","error_description":"%s"}'
    return Response(refusal % ("z" * (2**20 - len(refusal) + 2)), 400, mimetype="application/json")


def _other_charset() -> Response:
    refusal = '{"error":"invalid_request","error_description":"Requête refusée"}'
    return Response(refusal.encode("latin-1"), 400, content_type="application/json; charset=iso-8859-1")


def _empty_401() -> Response:
    return Response(status=401)


_STRANGE_ANSWERS: Mapping[str, Callable[[], Response | None]] = {
    "ordinary": lambda: None,
    "html": _html,
    "not_json": _not_json,
    "five_megabytes": _five_megabytes,
    "cut_off": _cut_off,
    "one_mebibyte": _one_mebibyte,
    "other_charset": _other_charset,
    "empty_401": _empty_401,
}
