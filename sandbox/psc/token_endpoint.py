"""The token endpoint: codes and refresh tokens become tokens. Its refusals are in Keycloak's words."""

import hashlib
import secrets
from collections.abc import Callable, Mapping

from flask import Response, jsonify, request

from sandbox.psc.client_authentication import ProtocolError, authenticate_client
from sandbox.psc.clients import Client
from sandbox.psc.keys import b64u
from sandbox.psc.sessions import Session
from sandbox.psc.simulator import Simulator
from sandbox.psc.state import ACCESS_SECONDS, REFRESH_SECONDS, AccessToken, Grant, RefreshToken
from sandbox.psc.tokens import access_token, id_token


def token(simulator: Simulator) -> Response:
    client = authenticate_client(simulator)
    _refuse_if_told(simulator.switches.token_error)
    wanted = request.form.get("grant_type", "")
    if wanted not in _GRANTS:
        raise ProtocolError(400, "unsupported_grant_type", "Unsupported grant_type")
    return _GRANTS[wanted](simulator, client)


def _refuse_if_told(error: str) -> None:
    """Raises ProtocolError when the switch of that name is on."""
    if error == "none":
        return
    is_of_client = error in ("invalid_client", "unauthorized_client")
    description = "Invalid client or Invalid client credentials" if is_of_client else "Told by the simulator"
    raise ProtocolError(401 if is_of_client else 400, error, description)


def _invalid_grant(description: str) -> ProtocolError:
    return ProtocolError(400, "invalid_grant", description)


def _redeem_code(simulator: Simulator, client: Client) -> Response:
    # The code is used up before the other checks: a wrong verifier has no second try.
    grant = simulator.state.redeem(request.form.get("code", ""), simulator.now())
    if grant is None or grant.client_id != client.client_id:
        raise _invalid_grant("Code not valid")
    if request.form.get("redirect_uri") != grant.request.redirect_uri:
        raise _invalid_grant("Incorrect redirect_uri")
    _check_verifier(grant, request.form.get("code_verifier", ""))
    return _issue(simulator, grant, nonce=grant.request.nonce)


def _check_verifier(grant: Grant, verifier: str) -> None:
    challenge = grant.request.code_challenge
    if not challenge:
        return
    if not verifier:
        raise _invalid_grant("PKCE code verifier not specified")
    computed = _CHALLENGES[grant.request.code_challenge_method](verifier)
    if not secrets.compare_digest(computed.encode(), challenge.encode()):
        raise _invalid_grant("PKCE verification failed")


def _refresh(simulator: Simulator, client: Client) -> Response:
    held = simulator.state.refresh_tokens.get(request.form.get("refresh_token", ""), simulator.now())
    if held is None or held.grant.client_id != client.client_id:
        raise _invalid_grant("Token is not active")
    # OpenID Connect Core §12.2: no nonce in an ID token obtained by refresh.
    return _issue(simulator, held.grant, nonce="")


def _issue(simulator: Simulator, grant: Grant, nonce: str) -> Response:
    now = simulator.now()
    session = simulator.sessions.find(grant.sid, now)
    if session is None:
        raise _invalid_grant("Session not active")
    simulator.sessions.touch(session, now)
    access, claims = access_token(simulator, grant, session)
    simulator.state.access_tokens.put(access, AccessToken(grant.family, grant, claims), now, ACCESS_SECONDS)
    refresh, refresh_seconds = _new_refresh_token(simulator, grant, session)
    return jsonify(
        {
            "access_token": access,
            "expires_in": ACCESS_SECONDS,
            "refresh_expires_in": refresh_seconds,
            "refresh_token": refresh,
            "token_type": "Bearer",
            "id_token": id_token(simulator, grant, session, access, nonce),
            "not-before-policy": 0,
            "session_state": session.sid,
            "scope": grant.request.granted_scope,
        }
    )


def _new_refresh_token(simulator: Simulator, grant: Grant, session: Session) -> tuple[str, int]:
    """Returns a refresh token and its life, which the session's end may shorten. The former one stays valid."""
    now = simulator.now()
    seconds = min(REFRESH_SECONDS, session.remaining(now))
    refresh = secrets.token_urlsafe(48)
    simulator.state.refresh_tokens.put(refresh, RefreshToken(grant.family, grant), now, seconds)
    return refresh, seconds


_GRANTS: Mapping[str, Callable[[Simulator, Client], Response]] = {
    "authorization_code": _redeem_code,
    "refresh_token": _refresh,
}
_CHALLENGES: Mapping[str, Callable[[str], str]] = {
    "plain": lambda verifier: verifier,
    "S256": lambda verifier: b64u(hashlib.sha256(verifier.encode()).digest()),
}
