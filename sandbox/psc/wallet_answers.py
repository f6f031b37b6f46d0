"""What every page of the wallet origin does: find its sign-in, show itself, end the sign-in at the relying party."""

import secrets

from flask import Response, make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.psc.authorization import AuthorizationRequest, callback
from sandbox.psc.identities import IDENTITIES
from sandbox.psc.identity import Identity
from sandbox.psc.pages import BROWSER_COOKIE, SESSION_COOKIE, problem, set_cookie
from sandbox.psc.sessions import Session
from sandbox.psc.simulator import Simulator
from sandbox.psc.state import Login


def login_of(simulator: Simulator, key: str) -> Login | None:
    """Returns the login under way, only to the browser that started it."""
    login = simulator.state.logins.get(key, simulator.now())
    browser = request.cookies.get(BROWSER_COOKIE, "")
    return login if login and secrets.compare_digest(login.browser.encode(), browser.encode()) else None


def page(name: str, key: str, **shown: object) -> Response:
    page = render_template(f"{name}.html", key=key, identities=IDENTITIES, **shown)
    # 422: the form is shown again, nothing has changed.
    return make_response(page, 422 if "error" in shown else 200)


def signed_in(
    simulator: Simulator, key: str, person: Identity, auth_mode: str, account: str = ""
) -> AnyResponse:
    """`account`: the name of the person at the identity provider that it delegated to."""
    now = simulator.now()
    login = simulator.state.logins.take(key, now)
    if login is None:
        return problem("login_over")
    replaced, spaced = request.cookies.get(SESSION_COOKIE), simulator.switches.sid_with_space
    session = simulator.sessions.start(person.id, auth_mode, now, replaced, spaced=spaced, account=account)
    response = grant(simulator, login.request, session)
    set_cookie(response, SESSION_COOKIE, session.cookie)
    return response


def grant(simulator: Simulator, asked: AuthorizationRequest, session: Session) -> Response:
    now = simulator.now()
    simulator.sessions.touch(session, now)
    answer = {
        "state": asked.state,
        "session_state": session.sid,
        "iss": _callback_iss(simulator),
        "code": simulator.state.issue_code(asked, session.sid, session.identity_id, now),
    }
    return to(callback(asked.redirect_uri, answer))


def refuse(simulator: Simulator, redirect_uri: str, state: str, error: str, description: str) -> Response:
    answer = {
        "error": error,
        "error_description": description,
        "state": state,
        "iss": _callback_iss(simulator),
    }
    return to(callback(redirect_uri, answer))


def _callback_iss(simulator: Simulator) -> str:
    return simulator.issuer if simulator.switches.callback_iss else ""


def to(location: str) -> Response:
    # The Location is exactly the registered redirect_uri: Flask's `redirect` would re-encode it.
    response = Response(status=303 if request.method == "POST" else 302)
    response.autocorrect_location_header = False
    response.headers["Location"] = location
    return response
