"""The whole verification of a logout token of PSC.

Contains every check of OpenID Connect Back-Channel Logout 1.0 §2.6. Not here: sessions, and whether the same token came
before (the caller gets its `jti`).
"""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta

from idp.adapters.psc.id_token import KeyFinder, is_ours, refused, verify_signature
from idp.adapters.psc.id_token_claims import Claims, seconds_of
from idp.interaction.upstream import UpstreamLogout
from idp.settings.psc import PscSettings

_EVENT = "http://schemas.openid.net/event/backchannel-logout"
#: PSC sends a token at once: an older one is a replay (facts/security §0.2).
LIFE = timedelta(minutes=2)
# Printable ASCII. A `sub` has 255 at most (Core §2), a `sid` the syntax of a client identifier (Front-Channel Logout
# 1.0 §3): the space is in both (RFC 6749 A.1).
_TEXT: Mapping[str, re.Pattern[str]] = {
    "sid": re.compile(r"[ -~]{1,1024}"),
    "sub": re.compile(r"[ -~]{1,255}"),
}


def verify_logout_token(
    token: str,
    settings: PscSettings,
    skew: timedelta,
    now: float,
    find_key: KeyFinder,
) -> UpstreamLogout:
    """Returns the verified token. Raises UpstreamRefused, which names the first fault, and what `find_key` raises."""
    claims = verify_signature(token, find_key)
    for name, holds in _CHECKS.items():
        if not holds(claims, settings, now, skew.total_seconds()):
            raise refused(f"logout token: {name}")
    return UpstreamLogout(str(claims["jti"]), _text(claims, "sid"), _text(claims, "sub"))


def _text(claims: Claims, name: str) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) and _TEXT[name].fullmatch(value) else None


def _has_jti(claims: Claims, *_: object) -> bool:
    # RFC 7519 §4.1.7: any text. Not lone surrogates, which cannot be written anywhere.
    jti = claims.get("jti")
    return isinstance(jti, str) and 0 < len(jti) <= 1024 and jti.isprintable()


def _is_recent(claims: Claims, _settings: PscSettings, now: float, skew: float) -> bool:
    seconds = seconds_of(claims, "iat")
    return seconds is not None and now - skew - LIFE.total_seconds() <= seconds <= now + skew


def _is_alive(claims: Claims, _settings: PscSettings, now: float, skew: float) -> bool:
    seconds = seconds_of(claims, "exp")
    return "exp" not in claims or (seconds is not None and seconds > now - skew)


def _is_logout(claims: Claims, *_: object) -> bool:
    events = claims.get("events")
    return isinstance(events, dict) and isinstance(events.get(_EVENT), dict)


def _names_person(claims: Claims, *_: object) -> bool:
    given = {"sid", "sub"} & claims.keys()
    return bool(given) and all(_text(claims, name) for name in given)


# §2.6, in its order. Step 6: no `nonce`, so that no ID token passes; Keycloak's `typ` is checked for the same.
_CHECKS: Mapping[str, Callable[[Claims, PscSettings, float, float], bool]] = {
    "iss": lambda claims, settings, *_: claims.get("iss") == settings.issuer,
    "aud": lambda claims, settings, *_: is_ours(claims, settings.client_id),
    "iat": _is_recent,
    "exp": _is_alive,
    "sid, sub": _names_person,
    "events": _is_logout,
    "nonce": lambda claims, *_: "nonce" not in claims,
    "typ": lambda claims, *_: claims.get("typ", "Logout") == "Logout",
    "jti": _has_jti,
}
