"""The auth origin: its routes, and the endpoints that only read.

Contains keys, userinfo, introspection, and revocation. Not here: tokens, logout, discovery, the control page, which
have files of their own.
"""

from functools import partial

from flask import Flask, Response, jsonify, request

from sandbox.psc.claims import (
    basic_userinfo,
    full_userinfo,
    mismatched_subject,
    renamed,
    subject,
    with_two_rpps,
)
from sandbox.psc.client_authentication import ProtocolError, authenticate_client, protocol_error
from sandbox.psc.control import control_pages
from sandbox.psc.discovery import discovery
from sandbox.psc.identities import BY_ID
from sandbox.psc.logout import logout
from sandbox.psc.pages import new_app
from sandbox.psc.pushed import push
from sandbox.psc.sessions import Session
from sandbox.psc.simulator import Simulator
from sandbox.psc.state import AccessToken
from sandbox.psc.token_endpoint import token
from sandbox.psc.tokens import signed_userinfo

REALM = "/auth/realms/esante-wallet"
_PROTOCOL = f"{REALM}/protocol/openid-connect"


def build_realm(simulator: Simulator) -> Flask:
    """Returns the WSGI application of the auth origin."""
    routes = (
        # The document is only here: `openid-configuration` answers 404.
        (f"{REALM}/.well-known/wallet-openid-configuration", "discovery", discovery, ["GET"]),
        (f"{_PROTOCOL}/certs", "certs", _certs, ["GET"]),
        (f"{_PROTOCOL}/token", "token", token, ["POST"]),
        (f"{_PROTOCOL}/ext/par/request", "par", push, ["POST"]),
        (f"{_PROTOCOL}/userinfo", "userinfo", _userinfo, ["GET", "POST"]),
        (f"{_PROTOCOL}/logout", "logout", logout, ["GET", "POST"]),
        (f"{_PROTOCOL}/token/introspect", "introspect", _introspect, ["POST"]),
        (f"{_PROTOCOL}/revoke", "revoke", _revoke, ["POST"]),
    )
    app = new_app(simulator, {name: name for _path, name, _view, _methods in routes})
    for path, name, view, methods in routes:
        app.add_url_rule(path, name, partial(view, simulator), methods=methods)
    app.register_error_handler(ProtocolError, protocol_error)
    app.register_blueprint(control_pages(simulator))
    return app


def _certs(simulator: Simulator) -> Response:
    return jsonify({"keys": [key.public_jwk() for key in simulator.published_keys()]})


def _userinfo(simulator: Simulator) -> Response:
    held, session = _bearer(simulator)
    person, switches = BY_ID[held.grant.identity_id], simulator.switches
    mismatched = mismatched_subject(switches.sub_format)
    sub = mismatched if switches.userinfo_sub_mismatch else subject(person, switches.sub_format)
    if "scope_all" in held.grant.request.scopes:
        told = full_userinfo(person, sub, session.auth_mode if switches.auth_mode else None)
    else:
        told = basic_userinfo(person, sub)
    if session.account:
        told["preferred_username"] = session.account
    told = renamed(told) if switches.new_name else told
    told = with_two_rpps(told) if switches.two_rpps else told
    if switches.userinfo_format == "json":
        return jsonify(told)
    signed = signed_userinfo(simulator, held.grant.client_id, told)
    return Response(signed, content_type="application/jwt;charset=UTF-8")


def _bearer(simulator: Simulator) -> tuple[AccessToken, Session]:
    """Returns the access token, presented as in RFC 6750 §2.1 or §2.2. Raises ProtocolError 401."""
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    presented = credential.strip() if scheme.lower() == "bearer" else request.form.get("access_token", "")
    challenge = 'Bearer realm="esante-wallet"'
    if not presented:
        raise ProtocolError(401, "invalid_request", "Missing token", challenge)
    now = simulator.now()
    held = simulator.state.access_tokens.get(presented, now)
    session = simulator.sessions.find(held.grant.sid, now) if held else None
    if held is None or session is None:
        reason = "Token verification failed"
        told = f'{challenge}, error="invalid_token", error_description="{reason}"'
        raise ProtocolError(401, "invalid_token", reason, told)
    return held, session


def _introspect(simulator: Simulator) -> Response:
    authenticate_client(simulator)
    presented, now = request.form.get("token", ""), simulator.now()
    access = simulator.state.access_tokens.get(presented, now)
    refresh = simulator.state.refresh_tokens.get(presented, now)
    grant = access.grant if access else refresh.grant if refresh else None
    if grant is None or simulator.sessions.find(grant.sid, now) is None:
        return jsonify({"active": False})
    username = BY_ID[grant.identity_id].national_id
    # SubjectNameID is returned only when the access token is passed (facts/psc §3.4).
    claims = {**access.claims, "SubjectNameID": username} if access else {"sid": grant.sid, "typ": "Refresh"}
    return jsonify({**claims, "client_id": grant.client_id, "username": username, "active": True})


def _revoke(simulator: Simulator) -> Response:
    client = authenticate_client(simulator)
    presented, now = request.form.get("token", ""), simulator.now()
    if not presented:
        raise ProtocolError(400, "invalid_request", "Token not provided")
    held = simulator.state.access_tokens.get(presented, now) or simulator.state.refresh_tokens.get(
        presented, now
    )
    # RFC 7009 §2.2: an unknown token is answered 200 as well; a token of another client is not revoked.
    if held and held.grant.client_id == client.client_id:
        simulator.state.revoke_family(held.family)
    return Response(status=200)
