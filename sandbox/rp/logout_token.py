"""Checking a Logout Token as a third party does (Back-Channel Logout 1.0 §2.6), and refusing it a second time."""

import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError

from sandbox.rp.id_token import CLOCK_SKEW, verify_signature
from sandbox.rp.provider import Provider

_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_LONGEST_LIFE = 120 + CLOCK_SKEW.total_seconds()


class LogoutTokenRefused(Exception):
    """The message names the failed check."""


class LogoutTokens:
    """The logout tokens of one client: remembers those that could still be replayed."""

    def __init__(self, provider: Provider, client_id: str, alg: str) -> None:
        self._provider = provider
        self._client_id = client_id
        self._alg = alg
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()

    def verify(self, raw: str, now: datetime) -> Mapping[str, Any]:
        """Returns the claims. Raises LogoutTokenRefused, IssuerUnreachable."""
        try:
            token = verify_signature(raw, self._provider, self._alg)
        except (JoseError, TypeError, ValueError) as refused:
            raise LogoutTokenRefused("signature") from refused
        for name, is_right in self._checks(token, now.timestamp()).items():
            if not is_right:
                raise LogoutTokenRefused(name)
        self._once(str(token.claims["jti"]), now.timestamp())
        return dict(token.claims)

    def _checks(self, token: jwt.Token, now: float) -> Mapping[str, bool]:
        claims, skew = token.claims, CLOCK_SKEW.total_seconds()
        issued, ends, events = claims.get("iat"), claims.get("exp"), claims.get("events")
        return {
            "typ": token.header.get("typ") == "logout+jwt",
            "iss": claims.get("iss") == self._provider.issuer,
            "aud": claims.get("aud") == self._client_id,
            "iat": isinstance(issued, int) and issued <= now + skew,
            "exp": isinstance(ends, int) and now - skew < ends <= now + _LONGEST_LIFE,
            "events": isinstance(events, dict) and isinstance(events.get(_EVENT), dict),
            "nonce": "nonce" not in claims,
            "sub": isinstance(claims.get("sub") or claims.get("sid"), str),
            "jti": isinstance(claims.get("jti"), str),
        }

    def _once(self, jti: str, now: float) -> None:
        with self._lock:
            self._seen = {known: end for known, end in self._seen.items() if end > now}
            if jti in self._seen:
                raise LogoutTokenRefused("replay")
            self._seen[jti] = now + 2 * _LONGEST_LIFE
