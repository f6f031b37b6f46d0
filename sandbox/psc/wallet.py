"""The wallet origin: the authorization endpoint and the pages a person sees (facts/psc §2, §2.1)."""

import secrets
from functools import partial

from flask import Flask, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from sandbox.psc.authorization import (
    AuthorizationRequest,
    RefusedRequest,
    UnsafeRequest,
    read_authorization,
)
from sandbox.psc.delegation import BROKERS, broker, delegated, delegation
from sandbox.psc.identities import BY_ID, find_by_identifier
from sandbox.psc.pages import BROWSER_COOKIE, SESSION_COOKIE, new_app, problem, set_cookie
from sandbox.psc.pushed import pushed_or_plain
from sandbox.psc.simulator import Simulator
from sandbox.psc.wallet_answers import grant, login_of, page, refuse, signed_in, to

_TARGETS = dict.fromkeys(
    ("authorize", "ecps", "card", "phone", "delegation", "broker", "delegated", "cancel"), "wallet"
)
_CANCELLED = ("access_denied", "The user cancelled the authentication")


def build_wallet(simulator: Simulator) -> Flask:
    """Returns the WSGI application of the wallet origin."""
    app = new_app(simulator, _TARGETS)
    app.add_url_rule("/auth", "authorize", partial(_authorize, simulator), methods=["GET", "POST"])
    for path, name, view in (
        ("e-cps", "ecps", _ecps),
        ("carte", "card", _card),
        ("telephone", "phone", _phone),
        ("delegation", "delegation", delegation),
        ("delegation/confirmation", "delegated", delegated),
        ("delegation/<alias>", "broker", broker),
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
        return refuse(simulator, refusal.redirect_uri, refusal.state, refusal.error, refusal.description)
    if simulator.switches.user_cancel:
        return refuse(simulator, asked.redirect_uri, asked.state, *_CANCELLED)
    if simulator.switches.callback_error != "none":
        return refuse(simulator, asked.redirect_uri, asked.state, *_told_error(simulator))
    now = simulator.now()
    session = simulator.sessions.of_browser(request.cookies.get(SESSION_COOKIE), now)
    is_asked_again = asked.asks_login(session.auth_time, now) if session else True
    if session and (not is_asked_again or simulator.switches.prompt_login_ignored):
        return grant(simulator, asked, session)
    if asked.is_silent:
        return refuse(
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
    # A Keycloak shows its own page for a hint that it does not know.
    first = (
        url_for("broker", key=key, alias=asked.broker)
        if asked.broker in BROKERS
        else url_for("ecps", key=key)
    )
    response = to(first)
    set_cookie(response, BROWSER_COOKIE, browser)
    return response


def _ecps(simulator: Simulator, key: str) -> AnyResponse:
    login = login_of(simulator, key)
    if login is None:
        return problem("login_over")
    if request.method == "GET":
        return page("ecps", key)
    typed = request.form.get("identifier", "")
    person = find_by_identifier(typed)
    if person is None:
        return page("ecps", key, error="unknown_identifier", typed=typed)
    login.phone_owner, login.number = person, f"{secrets.randbelow(100):02}"
    return redirect(url_for("phone", key=key), 303)


def _phone(simulator: Simulator, key: str) -> AnyResponse:
    login = login_of(simulator, key)
    if login is None:
        return problem("login_over")
    if login.phone_owner is None:
        return redirect(url_for("ecps", key=key), 303)
    if request.method == "GET":
        return page("phone", key, login=login)
    owner, login.phone_owner = login.phone_owner, None
    if request.form.get("decision") != "confirm":
        return page("ecps", key, error="phone_rejected", typed=owner.national_id)
    return signed_in(simulator, key, owner, "MOBILE")


def _card(simulator: Simulator, key: str) -> AnyResponse:
    if login_of(simulator, key) is None:
        return problem("login_over")
    if request.method == "GET":
        return page("card", key)
    person = BY_ID.get(request.form.get("identity", ""))
    if person is None:
        return page("card", key, error="no_card")
    tries_left = simulator.state.present_pin(person.id, request.form.get("pin", ""))
    if tries_left is not None:
        error = "wrong_pin" if tries_left else "locked_card"
        return page("card", key, error=error, tries_left=tries_left, chosen=person.id)
    return signed_in(simulator, key, person, "CARD")


def _cancel(simulator: Simulator, key: str) -> AnyResponse:
    login = login_of(simulator, key)
    if login is None or simulator.state.logins.take(key, simulator.now()) is None:
        return problem("login_over")
    return refuse(simulator, login.request.redirect_uri, login.request.state, *_CANCELLED)
