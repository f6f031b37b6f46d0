"""ID and access tokens with the members, order and header of published ones (facts/psc §4.5, T1 and T2).

Contains making tokens, and reading one back for `id_token_hint`. Not here: HTTP, sessions.
"""

import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature

from sandbox.psc.claims import other_ids, subject, surname
from sandbox.psc.identities import BY_ID
from sandbox.psc.keys import SigningKey, b64u, octets_of
from sandbox.psc.sessions import Session
from sandbox.psc.simulator import Simulator
from sandbox.psc.state import ACCESS_SECONDS, Grant

# Pairs and not an object: tokens of 2021 carry the member `acr` twice (facts/psc §4.5, T4).
Members = list[tuple[str, Any]]

_ACR: Mapping[str, Members] = {
    "eidas1": [("acr", "eidas1")],
    "eidas3": [("acr", "eidas3")],
    "0": [("acr", "0")],
    "absent": [],
    "duplicated": [("acr", "1"), ("acr", "eidas1")],
}
_FAULTS: Mapping[str, Callable[[dict[str, Any]], Mapping[str, Any]]] = {
    "correct": lambda _: {},
    "bad_signature": lambda _: {},
    "alg_none": lambda _: {},
    "alg_hs256": lambda _: {},
    "unknown_kid": lambda _: {},
    "alg_es512": lambda _: {},
    "no_nonce": lambda _: {"nonce": ...},
    "from_the_future": lambda claims: {"iat": claims["iat"] + 3600, "exp": claims["exp"] + 3600},
    "wrong_aud": lambda _: {"aud": "another-client", "azp": "another-client"},
    "wrong_nonce": lambda _: {"nonce": secrets.token_hex(32)},
    "wrong_iss": lambda claims: {"iss": claims["iss"].replace("esante-wallet", "another-realm")},
    "expired": lambda claims: {"iat": claims["iat"] - 3600, "exp": claims["exp"] - 3600},
}


def access_token(simulator: Simulator, grant: Grant, session: Session) -> tuple[str, Mapping[str, Any]]:
    """Returns the token and its claims: no `aud` and an empty `nonce`, as in real ones."""
    person = BY_ID[grant.identity_id]
    members: Members = [
        *_times(simulator, session),
        ("jti", str(uuid.uuid4())),
        ("iss", simulator.issuer),
        ("sub", subject(person, simulator.switches.sub_format)),
        ("typ", "Bearer"),
        ("azp", grant.client_id),
        ("nonce", ""),
        ("session_state", session.sid),
        *_ACR[simulator.switches.acr],
        ("scope", grant.request.granted_scope),
        ("sid", session.sid),
        *_auth_mode(simulator, session),
        ("otherIds", other_ids(person)),
        ("preferred_username", session.account or person.national_id),
    ]
    return _jwt(simulator, members), dict(members)


def id_token(simulator: Simulator, grant: Grant, session: Session, access: str, nonce: str) -> str:
    person = BY_ID[grant.identity_id]
    members: Members = [
        *(time for time in _times(simulator, session) if _is_told(time[0], simulator, grant)),
        ("jti", str(uuid.uuid4())),
        ("iss", simulator.issuer),
        ("aud", grant.client_id),
        ("sub", subject(person, simulator.switches.sub_format)),
        ("typ", "ID"),
        ("azp", grant.client_id),
        *([("nonce", nonce)] if nonce else []),
        ("session_state", session.sid),
        ("at_hash", at_hash(access)),
        ("sid", session.sid),
        *_auth_mode(simulator, session),
        *_ACR[simulator.switches.acr],
        ("SubjectNameID", person.national_id),
        ("preferred_username", session.account or person.national_id),
        ("given_name", person.given_name),
        ("family_name", surname(person, is_new=simulator.switches.new_name)),
    ]
    fault = simulator.switches.id_token
    false = _FAULTS[fault](dict(members))
    told = [(name, false.get(name, value)) for name, value in members if false.get(name, value) is not ...]
    if fault in _FORGERIES:
        secret = simulator.clients[grant.client_id].client_secret
        return _FORGERIES[fault](simulator.signing_key(), told, secret)
    return _jwt(simulator, told)


def at_hash(access: str) -> str:
    """Returns the `at_hash` of OpenID Connect Core §3.1.3.6, for RS256."""
    return b64u(hashlib.sha256(access.encode("ascii")).digest()[:16])


def read_hint(simulator: Simulator, token: str) -> Mapping[str, Any] | None:
    """Returns the claims of one of our ID tokens, expired or not (Keycloak accepts both), None for anything else."""
    try:
        head, body, signature = token.split(".")
        message = f"{head}.{body}".encode("ascii")
        # Without `kid` it is ours if the present key signed it.
        kid = _read(head).get("kid", simulator.signing_key().kid)
        key = {known.kid: known for known in simulator.published_keys()}[kid]
        key.verify(message, octets_of(signature))
        claims = _read(body)
    except (ValueError, KeyError, TypeError, InvalidSignature):
        return None
    return claims if claims.get("typ") == "ID" else None


def _times(simulator: Simulator, session: Session) -> Members:
    now = int(simulator.now())
    return [("exp", now + ACCESS_SECONDS), ("iat", now), ("auth_time", session.auth_time)]


def _is_told(name: str, simulator: Simulator, grant: Grant) -> bool:
    """Whether the ID token has this time. OpenID Connect Core §2: `auth_time` is a must with `max_age` only."""
    if name != "auth_time" or simulator.switches.auth_time == "told":
        return True
    return simulator.switches.auth_time == "with_max_age" and grant.request.max_age is not None


def _auth_mode(simulator: Simulator, session: Session) -> Members:
    return [("authMode", session.auth_mode)] if simulator.switches.auth_mode else []


def _jwt(simulator: Simulator, members: Members) -> str:
    key = simulator.signing_key()
    message = _message("RS256", key.kid if simulator.switches.token_kid else None, members)
    return f"{message}.{b64u(key.sign(message.encode('ascii')))}"


def _message(alg: str, kid: str | None, members: Members) -> str:
    # Keycloak writes blanks around the colons of the header (facts/psc §5.6).
    named = f',"kid" : "{kid}"' if kid else ""
    header = f'{{"alg" : "{alg}","typ" : "JWT"{named}}}'
    body = "{" + ",".join(f"{_json(name)}:{_json(value)}" for name, value in members) + "}"
    return f"{b64u(header.encode('ascii'))}.{b64u(body.encode('utf-8'))}"


def _badly_signed(key: SigningKey, members: Members, _secret: str) -> str:
    message = _message("RS256", key.kid, members)
    return f"{message}.{b64u(key.sign(message.encode('ascii') + b'.'))}"


def _unsigned(key: SigningKey, members: Members, _secret: str) -> str:
    return f"{_message('none', key.kid, members)}."


def _signed_with_the_secret(key: SigningKey, members: Members, secret: str) -> str:
    message = _message("HS256", key.kid, members)
    return f"{message}.{b64u(hmac.digest(secret.encode(), message.encode('ascii'), 'sha256'))}"


def _signed_by_nobody_known(key: SigningKey, members: Members, _secret: str) -> str:
    message = _message("RS256", "unknown", members)
    return f"{message}.{b64u(key.sign(message.encode('ascii')))}"


def _of_another_algorithm(key: SigningKey, members: Members, _secret: str) -> str:
    # A realm whose default is ES512: the header is enough to see it.
    message = _message("ES512", key.kid, members)
    return f"{message}.{b64u(key.sign(message.encode('ascii')))}"


_FORGERIES: Mapping[str, Callable[[SigningKey, Members, str], str]] = {
    "bad_signature": _badly_signed,
    "alg_none": _unsigned,
    "alg_hs256": _signed_with_the_secret,
    "unknown_kid": _signed_by_nobody_known,
    "alg_es512": _of_another_algorithm,
}


#: By value of the switch `userinfo_format`.
_USERINFO_FAULTS: Mapping[str, Mapping[str, str]] = {
    "jwt": {},
    "jwt_unsigned": {},
    "jwt_wrong_iss": {"iss": "https://another.example/auth/realms/esante-wallet"},
    "jwt_wrong_aud": {"aud": "another-client"},
}


def signed_userinfo(simulator: Simulator, client_id: str, told: Mapping[str, Any]) -> str:
    """Returns the userinfo as a JWT (OpenID Connect Core §5.3.2), as a Keycloak that was told so."""
    form = simulator.switches.userinfo_format
    bound = {"iss": simulator.issuer, "aud": client_id, **_USERINFO_FAULTS[form]}
    members: Members = [*told.items(), *bound.items()]
    if form == "jwt_unsigned":
        return _unsigned(simulator.signing_key(), members, "")
    return _jwt(simulator, members)


def logout_token(simulator: Simulator, client_id: str, session: Session) -> str:
    """Returns a token of OpenID Connect Back-Channel Logout 1.0 §2.4, with Keycloak's members."""
    now, fault = int(simulator.now()), simulator.switches.logout_token
    members: Members = [
        ("exp", now + ACCESS_SECONDS),
        ("iat", now),
        ("jti", str(uuid.uuid4())),
        ("iss", simulator.issuer),
        ("aud", client_id),
        ("sub", subject(BY_ID[session.identity_id], simulator.switches.sub_format)),
        ("typ", "Logout"),
        *([("sid", session.sid)] if fault != "without_sid" else []),
        ("events", {"http://schemas.openid.net/event/backchannel-logout": {}}),
    ]
    if fault == "unknown_kid":
        return _signed_by_nobody_known(simulator.signing_key(), members, "")
    return _jwt(simulator, members)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _read(part: str) -> dict[str, Any]:
    content = json.loads(octets_of(part))
    if not isinstance(content, dict):
        raise ValueError("not an object")
    return content
