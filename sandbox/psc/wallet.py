"""The wallet origin: the authorization endpoint and the pages a person sees (facts/psc §2, §2.1)."""

import secrets
from functools import partial

from flask import Flask, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from sandbox.psc.authorization import (
    AuthorizationRequest,
    RefusedRequest,
    UnsafeRequest,
    callback,
    read_authorization,
)
from sandbox.psc.identities import BY_ID, IDENTITIES, find_by_identifier
from sandbox.psc.identity import Identity
from sandbox.psc.pages import BROWSER_COOKIE, SESSION_COOKIE, new_app, problem, set_cookie
from sandbox.psc.pushed import pushed_or_plain
from sandbox.psc.sessions import Session
from sandbox.psc.simulator import Simulator
from sandbox.psc.state import Login

_TARGETS = dict.fromkeys(("authorize", "ecps", "card", "phone", "cancel"), "wallet")
_CANCELLED = ("access_denied", "The user cancelled the authentication")


def build_wallet(simulator: Simulator) -> Flask:
    """Returns the WSGI application of the wallet origin."""
    app = new_app(simulator, _TARGETS)
    app.add_url_rule("/auth", "authorize", partial(_authorize, simulator), methods=["GET", "POST"])
    for path, name, view in (
        ("e-cps", "ecps", _ecps),
        ("carte", "card", _card),
        ("telephone", "phone", _phone),
    ):
        app.add_url_rule(f"/connexion/<key>/{path}", name, partial(view, simulator), methods=["GET", "POST"])
    app.add_url_rule("/connexion/<key>/annuler", "cancel", partial(_cancel, simulator), methods=["POST"])
    for path in ("/", "/login-page"):
        app.add_url_rule(path, "portal", _portal)
    return app


def _portal() -> str:
    return render_template("portal.html")


def _authorize(simulator: Simulator) -> AnyResponse:
    sent = request.args if request.method == "GET" else request.form
    try:
        sent = pushed_or_plain(simulator, sent)
        asked = read_authorization(sent, simulator.clients, simulator.switches)
    except UnsafeRequest as refusal:
        simulator.note("LOGIN_ERROR", refusal.reason)
        return problem(refusal.reason)
    except RefusedRequest as refusal:
        simulator.note("LOGIN_ERROR", refusal.error)
        return _refuse(simulator, refusal.redirect_uri, refusal.state, refusal.error, refusal.description)
    if simulator.switches.user_cancel:
        return _refuse(simulator, asked.redirect_uri, asked.state, *_CANCELLED)
    if simulator.switches.callback_error != "none":
        return _refuse(simulator, asked.redirect_uri, asked.state, *_told_error(simulator))
    now = simulator.now()
    session = simulator.sessions.of_browser(request.cookies.get(SESSION_COOKIE), now)
    is_asked_again = asked.asks_login(session.auth_time, now) if session else True
    if session and (not is_asked_again or simulator.switches.prompt_login_ignored):
        return _grant(simulator, asked, session)
    if asked.is_silent:
        return _refuse(
            simulator, asked.redirect_uri, asked.state, "login_required", "User is not authenticated"
        )
    return _ask_login(simulator, asked)


def _told_error(simulator: Simulator) -> tuple[str, str]:
    """Returns error and description of the switch of that name; one that is told once turns it off."""
    error = simulator.switches.callback_error
    if error.endswith("_once"):
        simulator.switches = simulator.switches.changed({"callback_error": "none"})
    if error.startswith("authentication_expired"):
        # Keycloak's answer to a person who signed in in another tab meanwhile.
        return "temporarily_unavailable", "authentication_expired"
    return error, "Told by the simulator"


def _ask_login(simulator: Simulator, asked: AuthorizationRequest) -> AnyResponse:
    browser = request.cookies.get(BROWSER_COOKIE) or secrets.token_urlsafe(24)
    key = simulator.state.open_login(asked, browser, simulator.now())
    response = _to(url_for("ecps", key=key))
    set_cookie(response, BROWSER_COOKIE, browser)
    return response


def _login(simulator: Simulator, key: str) -> Login | None:
    """Returns the login under way, only to the browser that started it."""
    login = simulator.state.logins.get(key, simulator.now())
    browser = request.cookies.get(BROWSER_COOKIE, "")
    return login if login and secrets.compare_digest(login.browser.encode(), browser.encode()) else None


def _ecps(simulator: Simulator, key: str) -> AnyResponse:
    login = _login(simulator, key)
    if login is None:
        return problem("login_over")
    if request.method == "GET":
        return _page("ecps", key)
    typed = request.form.get("identifier", "")
    person = find_by_identifier(typed)
    if person is None:
        return _page("ecps", key, error="unknown_identifier", typed=typed)
    login.phone_owner, login.number = person, f"{secrets.randbelow(100):02}"
    return redirect(url_for("phone", key=key), 303)


def _phone(simulator: Simulator, key: str) -> AnyResponse:
    login = _login(simulator, key)
    if login is None:
        return problem("login_over")
    if login.phone_owner is None:
        return redirect(url_for("ecps", key=key), 303)
    if request.method == "GET":
        return _page("phone", key, login=login)
    owner, login.phone_owner = login.phone_owner, None
    if request.form.get("decision") != "confirm":
        return _page("ecps", key, error="phone_rejected", typed=owner.national_id)
    return _signed_in(simulator, key, owner, "MOBILE")


def _card(simulator: Simulator, key: str) -> AnyResponse:
    if _login(simulator, key) is None:
        return problem("login_over")
    if request.method == "GET":
        return _page("card", key)
    person = BY_ID.get(request.form.get("identity", ""))
    if person is None:
        return _page("card", key, error="no_card")
    tries_left = simulator.state.present_pin(person.id, request.form.get("pin", ""))
    if tries_left is not None:
        error = "wrong_pin" if tries_left else "locked_card"
        return _page("card", key, error=error, tries_left=tries_left, chosen=person.id)
    return _signed_in(simulator, key, person, "CARD")


def _cancel(simulator: Simulator, key: str) -> AnyResponse:
    login = _login(simulator, key)
    if login is None or simulator.state.logins.take(key, simulator.now()) is None:
        return problem("login_over")
    return _refuse(simulator, login.request.redirect_uri, login.request.state, *_CANCELLED)


def _page(name: str, key: str, **shown: object) -> Response:
    page = render_template(f"{name}.html", key=key, identities=IDENTITIES, **shown)
    # 422: the form is shown again, nothing has changed.
    return make_response(page, 422 if "error" in shown else 200)


def _signed_in(simulator: Simulator, key: str, person: Identity, auth_mode: str) -> AnyResponse:
    now = simulator.now()
    login = simulator.state.logins.take(key, now)
    if login is None:
        return problem("login_over")
    replaced, spaced = request.cookies.get(SESSION_COOKIE), simulator.switches.sid_with_space
    session = simulator.sessions.start(person.id, auth_mode, now, replaced, spaced=spaced)
    response = _grant(simulator, login.request, session)
    set_cookie(response, SESSION_COOKIE, session.cookie)
    return response


def _grant(simulator: Simulator, asked: AuthorizationRequest, session: Session) -> Response:
    now = simulator.now()
    simulator.sessions.touch(session, now)
    answer = {
        "state": asked.state,
        "session_state": session.sid,
        "iss": _callback_iss(simulator),
        "code": simulator.state.issue_code(asked, session.sid, session.identity_id, now),
    }
    return _to(callback(asked.redirect_uri, answer))


def _refuse(simulator: Simulator, redirect_uri: str, state: str, error: str, description: str) -> Response:
    answer = {
        "error": error,
        "error_description": description,
        "state": state,
        "iss": _callback_iss(simulator),
    }
    return _to(callback(redirect_uri, answer))


def _callback_iss(simulator: Simulator) -> str:
    return simulator.issuer if simulator.switches.callback_iss else ""


def _to(location: str) -> Response:
    # The Location is exactly the registered redirect_uri: Flask's `redirect` would re-encode it.
    response = Response(status=303 if request.method == "POST" else 302)
    response.autocorrect_location_header = False
    response.headers["Location"] = location
    return response
