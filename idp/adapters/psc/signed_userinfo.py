"""The verification of a userinfo answer that is a signed JWT (OpenID Connect Core §5.3.2).

Contains its form, signature and binding to this issuer and client. Not here: whose it is (`provider` compares `sub`).
"""

from collections.abc import Mapping
from datetime import timedelta

from idp.adapters.psc.errors import shown
from idp.adapters.psc.id_token import KeyFinder, is_ours, refused, verify_signature
from idp.adapters.psc.id_token_claims import Claims, seconds_of
from idp.settings.psc import PscSettings

SIGNED_USERINFO = "application/jwt"

_WHAT = "userinfo"


def verify_userinfo(
    token: str,
    settings: PscSettings,
    skew: timedelta,
    now: float,
    find_key: KeyFinder,
) -> Mapping[str, object]:
    """Returns the verified claims. Raises UpstreamRefused, which names the fault, and what `find_key` raises."""
    # RFC 7516 §3.1: five parts are an encrypted token. We publish no key to encrypt to.
    if token.count(".") == 4:
        raise refused(f"{_WHAT}: an encrypted JWT; JSON, or a JWT signed with RS256, is read")
    claims = verify_signature(token, find_key, _WHAT)
    if claims.get("iss") != settings.issuer:
        raise refused(f"{_WHAT}: iss {shown(claims.get('iss'))}, expected {settings.issuer}")
    if not is_ours(claims, settings.client_id):
        raise refused(f"{_WHAT}: aud {shown(claims.get('aud'))}, expected {settings.client_id}")
    if not _is_alive(claims, now - skew.total_seconds()):
        raise refused(f"{_WHAT}: exp")
    return claims


def _is_alive(claims: Claims, earliest: float) -> bool:
    seconds = seconds_of(claims, "exp")
    return "exp" not in claims or (seconds is not None and seconds > earliest)
