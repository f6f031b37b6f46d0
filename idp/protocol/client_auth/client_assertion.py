"""Contains `private_key_jwt`: a client proves itself by a JWT it signed (RFC 7523 §3, Core §9, FAPI 2.0 §5.3.2.1).

Not here: what holds for every JWT of a client (`jose/client_jwt`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog

from idp.clients.registry import Client
from idp.core.clock import Clock
from idp.core.ephemeral import EphemeralStore, Kind
from idp.protocol.client_auth.client_authentication import PresentedCredentials
from idp.protocol.jose.client_jwt import BadClientJwt, Claims, ClientJwts, instant, verify_begun

log = structlog.get_logger()

#: RFC 7523 §2.2.
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#: Without type, as RFC 7523 has it, or with that of its successor. Never a request object, DPoP proof or logout token.
_TYPES = ("", "jwt", "client-authentication+jwt")
_LONGEST_JTI = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class _ExpectedAssertion:
    """What the assertion of this client must say now. Instants and lives in seconds."""

    client_id: str
    issuer: str
    now: float
    life: float
    ahead: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionAuthentication:
    jwts: ClientJwts
    store: EphemeralStore
    clock: Clock
    issuer: str
    life: timedelta
    ahead: timedelta
    #: How far the clocks of two nodes may differ.
    skew: timedelta

    def is_signed(self, client: Client, presented: PresentedCredentials) -> bool:
        """Whether the client signed it.

        Raises StoreUnavailable: without its memory an assertion could be used twice.
        """
        try:
            self._verify(client, presented)
        except BadClientJwt as bad:
            log.info("client_assertion_refused", client_id=client.client_id, reason=str(bad))
            return False
        return True

    def _verify(self, client: Client, presented: PresentedCredentials) -> None:
        """Raises BadClientJwt."""
        if presented.form.get("client_assertion_type") != ASSERTION_TYPE:
            raise BadClientJwt("client_assertion_type")
        claims = self.jwts.verified(
            presented.form.get("client_assertion", ""),
            client,
            alg=client.token_endpoint_auth_signing_alg,
            types=_TYPES,
        )
        now = self.clock.now().timestamp()
        expected = _ExpectedAssertion(
            client_id=client.client_id,
            issuer=self.issuer,
            now=now,
            life=self.life.total_seconds(),
            ahead=self.ahead.total_seconds(),
        )
        for name, holds in _CHECKS.items():
            if not holds(claims, expected):
                raise BadClientJwt(name)
        verify_begun(claims, now, expected.ahead)
        self._use_up(client, str(claims["jti"]), float(claims["exp"]) - now)

    def _use_up(self, client: Client, jti: str, left: float) -> None:
        """RFC 7523 §3, 7: of several uses one passes. Called last: what is refused is not used up.

        Raises BadClientJwt.
        """
        memory = timedelta(seconds=left) + self.skew  # As long as any node would accept it.
        if self.store.count(Kind.CLIENT_ASSERTION, f"{client.client_id} {jti}", memory) > 1:
            raise BadClientJwt("used before")


def _ends_soon(claims: Claims, expected: _ExpectedAssertion) -> bool:
    """Whether its end is near (facts/security TK8). The client's clock may be ahead of ours."""
    exp = instant(claims, "exp")
    return exp is not None and expected.now < exp <= expected.now + expected.life + expected.ahead


def _has_jti(claims: Claims, _expected: _ExpectedAssertion) -> bool:
    jti = claims.get("jti")
    # `isprintable`: half of a surrogate pair has no octets under which it could be remembered.
    return isinstance(jti, str) and 1 <= len(jti) <= _LONGEST_JTI and jti.isprintable()


_CHECKS: Mapping[str, Callable[[Claims, _ExpectedAssertion], bool]] = {
    # RFC 7523 §3, 1 and 2.
    "iss": lambda claims, expected: claims.get("iss") == expected.client_id,
    "sub": lambda claims, expected: claims.get("sub") == expected.client_id,
    # TK8, docs/adr/0014: the issuer, as one string; neither a list nor the address of an endpoint.
    "aud": lambda claims, expected: claims.get("aud") == expected.issuer,
    "exp": _ends_soon,
    "jti": _has_jti,
}
