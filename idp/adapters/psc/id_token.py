"""The whole verification of PSC's ID token.

Contains the signature, then every claim that binds the token to this issuer, client, browser and moment. Not here:
network (the key look-up is passed in), reading who the person is. Nothing is left to `oic`, which would accept
`alg: none`, HS256 under our own secret, a missing nonce and a false `at_hash`.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from idp.adapters.http.bounded import NoUsableAnswer, parse_json
from idp.adapters.psc.errors import shown
from idp.adapters.psc.id_token_claims import Claims, ExpectedIdToken, received, seconds_of
from idp.core.octets import b64u_octets
from idp.interaction.upstream import UpstreamRefusal, UpstreamRefused

MAX_TOKEN_CHARACTERS = 16 * 1024

# RFC 7515 §7.1. Checked first: base64 decoders skip unknown characters, and the token is put in URLs later.
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")

# Not strict: RFC 7515 §4: header parameters that are not understood are ignored (`crit` is refused before).
_JWS = jws.JWSRegistry(algorithms=["RS256"], strict_check_header=False)

#: Returns the key that a header names by its `kid`; None when there is none. Raises UpstreamUnavailable.
KeyFinder = Callable[[str | None], RSAKey | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedIdToken:
    subject: str
    acr: str | None
    auth_time: datetime
    #: False: the token has none, and its `iat` is used instead.
    is_auth_time_told: bool
    claims: Claims


def refused(detail: str) -> UpstreamRefused:
    """Returns the refusal of an answer that does not verify. `detail` shows a received value by `shown` only."""
    return UpstreamRefused(UpstreamRefusal.REFUSED, detail)


def verify_id_token(token: str, expected: ExpectedIdToken, find_key: KeyFinder) -> VerifiedIdToken:
    """Returns the verified token. Raises UpstreamRefused, which names the first fault, and what `find_key` raises."""
    claims = verify_signature(token, find_key)
    for name, holds in _CHECKS.items():
        if not holds(claims, expected):
            raise refused(f"ID token: {name}{received(name, claims, expected)}")
    seconds = seconds_of(claims, "auth_time") or seconds_of(claims, "iat") or 0
    acr = claims.get("acr")
    return VerifiedIdToken(
        subject=str(claims["sub"]),
        acr=acr if isinstance(acr, str) else None,
        auth_time=datetime.fromtimestamp(seconds, UTC),
        is_auth_time_told="auth_time" in claims,
        claims=claims,
    )


def verify_signature(token: str, find_key: KeyFinder, what: str = "ID token") -> Claims:
    """Returns the claims of a token that PSC signed with RS256. Its kind and audience are not checked.

    `what`: its kind, for the log. Raises as `verify_id_token`."""
    if len(token) > MAX_TOKEN_CHARACTERS or not _COMPACT.fullmatch(token):
        raise refused(f"{what}: size or form")
    kid = _announced_kid(token, what)
    key = find_key(kid)
    if key is None:
        raise refused(f"{what}: kid {shown(kid)} is not among the published keys")
    # The signature before any claim: a claim of an unsigned token must not even choose the error.
    try:
        payload = jws.deserialize_compact(token, key, registry=_JWS).payload
        claims = parse_json(payload)
    except (JoseError, NoUsableAnswer, ValueError, TypeError, RecursionError):
        raise refused(f"{what}: signature") from None
    if not isinstance(claims, dict):
        raise refused(f"{what}: claims")
    return claims


def _announced_kid(token: str, what: str) -> str | None:
    """Returns the `kid`, if any, of a header with no demand that we do not support.

    `jku`, `jwk`, `x5u`, `x5c` are ignored.
    """
    try:
        header = parse_json(b64u_octets(token.split(".")[0]))
    except (NoUsableAnswer, ValueError, TypeError):
        raise refused(f"{what}: header") from None
    # RFC 8725 §3.1: we choose the algorithm, not the token. RFC 7515 §4.1.11: we support no extension.
    if not isinstance(header, dict) or header.get("alg") != "RS256":
        alg = header.get("alg") if isinstance(header, dict) else None
        raise refused(f"{what}: alg {shown(alg)}, expected RS256")
    if {"crit", "b64"} & header.keys():
        raise refused(f"{what}: alg RS256 with an extension (crit, b64)")
    kid = header.get("kid")
    # OpenID Connect Core §10.1: it may be left out while a single key fits.
    if "kid" in header and (not isinstance(kid, str) or not kid):
        raise refused(f"{what}: kid {shown(kid)}")
    return kid


def _is_same(value: object, secret: str) -> bool:
    # `backslashreplace`: a JSON string may hold lone surrogates, which a strict encoding refuses.
    return isinstance(value, str) and hmac.compare_digest(
        value.encode("utf-8", "backslashreplace"), secret.encode("utf-8")
    )


def is_ours(claims: Claims, us: str) -> bool:
    # OpenID Connect Core §3.1.3.7, 3 to 5: we are in the audience, and the authorized party if there are others or an
    # `azp`.
    audience = claims.get("aud")
    several = audience if isinstance(audience, list) else [audience]
    if us not in several or not all(isinstance(one, str) for one in several):
        return False
    return claims.get("azp", us if len(several) == 1 else None) == us


def _has_right_acr(claims: Claims, expected: ExpectedIdToken) -> bool:
    # facts/psc §5.3. `0` and `1` cannot be in the accepted list: its rules refuse them.
    if "acr" not in claims:
        return expected.settings.accept_missing_acr
    return claims["acr"] in expected.settings.accepted_acr


def _has_right_hash(claims: Claims, expected: ExpectedIdToken) -> bool:
    # OpenID Connect Core §3.1.3.6: left half of SHA-256. Optional in this flow, but must be right when present.
    if "at_hash" not in claims:
        return True
    half = hashlib.sha256(expected.access_token.encode("ascii")).digest()[:16]
    return _is_same(claims["at_hash"], urlsafe_b64encode(half).rstrip(b"=").decode("ascii"))


def _is_past(claims: Claims, expected: ExpectedIdToken, name: str) -> bool:
    seconds = seconds_of(claims, name)
    return seconds is not None and seconds <= expected.latest


def _is_alive(claims: Claims, expected: ExpectedIdToken) -> bool:
    seconds = seconds_of(claims, "exp")
    return seconds is not None and seconds > expected.earliest


def _has_subject(claims: Claims, _expected: ExpectedIdToken) -> bool:
    # OpenID Connect Core §2: at most 255 ASCII characters, the space among them.
    subject = claims.get("sub")
    return isinstance(subject, str) and re.fullmatch(r"[ -~]{1,255}", subject) is not None


# OpenID Connect Core §3.1.3.7, in an order that reports the most useful failure first.
_CHECKS: Mapping[str, Callable[[Claims, ExpectedIdToken], bool]] = {
    "iss": lambda claims, expected: claims.get("iss") == expected.settings.issuer,
    # Keycloak signs access and logout tokens with the same key: its own type claim tells them apart.
    "typ": lambda claims, _: claims.get("typ", "ID") == "ID",
    "aud": lambda claims, expected: is_ours(claims, expected.settings.client_id),
    "exp": _is_alive,
    "iat": lambda claims, expected: _is_past(claims, expected, "iat"),
    "nbf": lambda claims, expected: "nbf" not in claims or _is_past(claims, expected, "nbf"),
    "auth_time": lambda claims, expected: (
        "auth_time" not in claims or _is_past(claims, expected, "auth_time")
    ),
    "nonce": lambda claims, expected: _is_same(claims.get("nonce"), expected.nonce),
    "at_hash": _has_right_hash,
    "sub": _has_subject,
    "acr": _has_right_acr,
}
