"""DPoP proofs (RFC 9449): the sender of this request holds a key; for this endpoint, now, once, with our nonce.

Contains what makes a proof good, at any endpoint. Not here: the token it is needed for (`possession`).
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from werkzeug.wrappers import Request

from idp.clients.members import CLIENT_SIGNING_ALGS
from idp.clients.public_keys import public_keys
from idp.core.clock import Clock
from idp.core.ephemeral import EphemeralStore, Kind
from idp.core.errors import ClientError, OAuthError, Rule
from idp.core.octets import b64u_octets, is_b64u
from idp.protocol.jose.compact_jws import strict_object
from idp.protocol.rules import use_rules as rules
from idp.signing.key_ring import b64u

MAX_BYTES = 16 * 1024

#: RFC 7515 §7.1. A repeated header comes joined by a comma, which no compact JWS has.
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
#: The members that make the key. All others are ignored: `kid`, `x5u`, `x5c` mean nothing here (RFC 8725 §3.1).
_KEY_MEMBERS: Mapping[object, tuple[str, ...]] = {"RSA": ("kty", "n", "e"), "EC": ("kty", "crv", "x", "y")}
#: In base64url: a modulus of 4096 bits, an exponent of 32. Any caller with a client_id makes us verify by its key.
_MOST_OF_N, _MOST_OF_E = 683, 6
_NONCE_OCTETS = 32
_DEFAULT_PORTS = {"https": 443, "http": 80}

_JWS = jws.JWSRegistry(algorithms=CLIENT_SIGNING_ALGS, strict_check_header=False)
# joserfc allows 512, which an RSA key in the header exceeds.
_JWS.max_header_length = MAX_BYTES


class ProofRefused(ClientError):
    """`fresh_nonce` goes back in `DPoP-Nonce` (RFC 9449 §8)."""

    def __init__(
        self, error: OAuthError, description: str, fresh_nonce: str, rule: Rule | None = None
    ) -> None:
        super().__init__(error, description, rule=rule)
        self.fresh_nonce = fresh_nonce


class _BadProof(Exception):
    """Says which part of the proof is wrong."""


@dataclass(frozen=True, slots=True)
class DpopProof:
    """`thumbprint`: of the key (RFC 7638), as in `cnf.jkt` and `dpop_jkt`."""

    thumbprint: str


@dataclass(frozen=True, slots=True)
class Nonces:
    """Nonces without memory: the second in which it was made, and our MAC of it. Each second has another (§8.2)."""

    key: bytes
    life: timedelta
    #: How far the clocks of two nodes may differ.
    skew: timedelta

    def fresh(self, now: datetime) -> str:
        return self._of(int(now.timestamp()))

    def is_fresh(self, nonce: object, now: datetime) -> bool:
        if not isinstance(nonce, str) or not is_b64u(nonce, _NONCE_OCTETS):
            return False
        second = int.from_bytes(b64u_octets(nonce)[:8], "big")
        # From the future as well: another node, with a clock ahead of ours, may have made it.
        age = int(now.timestamp()) - second
        is_now = -self.skew.total_seconds() <= age <= self.life.total_seconds()
        return is_now and hmac.compare_digest(nonce, self._of(second))

    def _of(self, second: int) -> str:
        stamp = second.to_bytes(8, "big")
        return b64u(stamp + hmac.digest(self.key, stamp, "sha256")[:24])


@dataclass(frozen=True, slots=True, kw_only=True)
class _ExpectedProof:
    """What the proof of this very request must say."""

    method: str
    uris: tuple[str, ...]
    access_token: str | None
    now: float
    life: float
    ahead: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DpopProofs:
    """`origins`: where this provider is called, by configuration and never by the Host header."""

    origins: tuple[str, ...]
    nonces: Nonces
    store: EphemeralStore
    life: timedelta
    ahead: timedelta
    clock: Clock

    def of(
        self,
        request: Request,
        *,
        access_token: str | None = None,
        algs: Sequence[str] = CLIENT_SIGNING_ALGS,
    ) -> DpopProof | None:
        """Returns the verified proof of this request, None when it has none. `access_token`: for a resource (§7.1).

        Raises ProofRefused; StoreUnavailable, as without its memory a proof could be used again.
        """
        header = request.headers.get("DPoP")
        if header is None:
            return None
        now = self.clock.now()
        expected = _ExpectedProof(
            method=request.method,
            uris=tuple(_normal_uri(origin + request.path) for origin in self.origins),
            access_token=access_token,
            now=now.timestamp(),
            life=self.life.total_seconds(),
            ahead=self.ahead.total_seconds(),
        )
        try:
            key, claims = _verify_signature(header, algs)
            for name, holds in _CHECKS.items():
                if not holds(claims, expected):
                    raise _BadProof(name)
        except _BadProof as bad:
            raise self._refused(rules.PROOF_REFUSED, f"the DPoP proof is refused: {bad}") from bad
        # §8: an error of its own, for a client whose proof is good and only lacks our nonce.
        if not self.nonces.is_fresh(claims.get("nonce"), now):
            needed = "the DPoP proof needs the nonce given here"
            raise ProofRefused(OAuthError.USE_DPOP_NONCE, needed, self.fresh_nonce())
        thumbprint = key.thumbprint()
        # Last, so that a proof refused for another reason is not used up (§11.1). Counted by key, so that no client
        # can use up the `jti` of another; and remembered for as long as any node would accept the proof.
        memory = self.life + self.ahead + self.nonces.skew
        if self.store.count(Kind.DPOP_PROOF, f"{thumbprint} {json.dumps(claims['jti'])}", memory) > 1:
            raise self._refused(rules.PROOF_USED)
        return DpopProof(thumbprint)

    def missing(self) -> ProofRefused:
        """Returns the refusal for a client that registered for proofs and sent none (RFC 9449 §5.2)."""
        return self._refused(rules.PROOF_MISSING)

    def fresh_nonce(self) -> str:
        return self.nonces.fresh(self.clock.now())

    def _refused(self, rule: Rule, description: str = "") -> ProofRefused:
        return ProofRefused(rule.error, description or rule.description, self.fresh_nonce(), rule)


def _verify_signature(header: str, algs: Sequence[str]) -> tuple[RSAKey | ECKey, Mapping[str, Any]]:
    """Returns key and claims: one well-formed JWT of this type, signed by the public key in it (§4.3, 2 to 7).

    Raises _BadProof.
    """
    if len(header) > MAX_BYTES or not _COMPACT.fullmatch(header):
        raise _BadProof("size or form")
    try:
        key = _shown_key(strict_object(b64u_octets(header.split(".")[0])), algs)
        payload = jws.deserialize_compact(header, key, registry=_JWS).payload
        return key, strict_object(payload)
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise _BadProof("signature") from error


def _shown_key(head: Mapping[str, Any], algs: Sequence[str]) -> RSAKey | ECKey:
    """Returns the public key in the header. Raises _BadProof."""
    if head.get("typ") != "dpop+jwt":
        raise _BadProof("typ")
    # §4.3, 5: an asymmetric algorithm of ours, never `none`. RFC 7515 §4.1.11: we understand no extension.
    if head.get("alg") not in algs or {"crit", "b64"} & head.keys():
        raise _BadProof("alg")
    try:
        # §4.3, 7: `public_keys` refuses a private key, which the proof of a careless client could show.
        (jwk,) = public_keys({"keys": [head.get("jwk")]})
        made = {name: jwk[name] for name in _KEY_MEMBERS[jwk["kty"]]}
        if len(str(made.get("n", ""))) > _MOST_OF_N or len(str(made.get("e", ""))) > _MOST_OF_E:
            raise _BadProof("jwk")
        return RSAKey.import_key(made) if jwk["kty"] == "RSA" else ECKey.import_key(made)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise _BadProof("jwk") from error


def _normal_uri(uri: str) -> str:
    """Returns the URI as it is compared (RFC 9449 §4.3, 9; RFC 3986 §6.2): no query, fragment or default port."""
    parts = urlsplit(uri)
    port = "" if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
    user = "" if parts.username is None else "user@"
    return f"{parts.scheme}://{user}{parts.hostname}{port}{parts.path or '/'}"


def _is_for_this_uri(claims: Mapping[str, Any], expected: _ExpectedProof) -> bool:
    htu = claims.get("htu")
    try:
        return isinstance(htu, str) and _normal_uri(htu) in expected.uris
    except ValueError:
        return False


def _is_recent(claims: Mapping[str, Any], expected: _ExpectedProof) -> bool:
    iat = claims.get("iat")
    if isinstance(iat, bool) or not isinstance(iat, int | float):
        return False
    return expected.now - expected.life <= iat <= expected.now + expected.ahead


def _is_for_this_token(claims: Mapping[str, Any], expected: _ExpectedProof) -> bool:
    if expected.access_token is None:
        return True
    right, ath = b64u(hashlib.sha256(expected.access_token.encode()).digest()), claims.get("ath")
    return isinstance(ath, str) and hmac.compare_digest(right.encode(), ath.encode("utf-8", "replace"))


#: RFC 9449 §4.3, 8 to 12. The nonce has an error of its own; whether `jti` was used is asked last.
_CHECKS: Mapping[str, Callable[[Mapping[str, Any], _ExpectedProof], bool]] = {
    "htm": lambda claims, expected: claims.get("htm") == expected.method,
    "htu": _is_for_this_uri,
    "iat": _is_recent,
    "jti": lambda claims, _: isinstance(claims.get("jti"), str) and 1 <= len(claims["jti"]) <= 512,
    "ath": _is_for_this_token,
}
