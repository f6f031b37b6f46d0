"""JWTs that clients sign: client assertions, request objects.

Contains what holds for all of them: signature, type, instants (RFC 8725, facts/security JW3, JW4). Not here: what one
kind must say (`client_assertion`), the answer to a refusal.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from idp.clients.key_sets import ClientKeys, KeysUnavailable
from idp.clients.members import CLIENT_SIGNING_ALGS
from idp.clients.registry import Client
from idp.protocol.jose.compact_jws import MAX_BYTES, Malformed, read_header, read_unverified, strict_object

Claims = Mapping[str, Any]

# The end of year 9999.
_LAST_SECOND = 253402300800

# Not strict: header parameters that are not understood are ignored (RFC 7515 §4); `crit` is refused before.
_JWS = jws.JWSRegistry(algorithms=CLIENT_SIGNING_ALGS, strict_check_header=False)
_JWS.max_header_length = _JWS.max_payload_length = _JWS.max_signature_length = MAX_BYTES


class BadClientJwt(Exception):
    """Names the first thing that is wrong, and nothing that was in the token."""


@dataclass(frozen=True, slots=True)
class ClientJwts:
    keys: ClientKeys

    def verified(self, token: str, client: Client, *, alg: str | None, types: Collection[str]) -> Claims:
        """Returns the claims of a token that this client signed; none of them is verified here. Raises BadClientJwt.

        `alg`: the registered one; None: any of the client's. `types`: values of `typ` in lower case, "" for none. The
        key is one of the client's own, by `kid`; keys in the token, or addresses of keys, mean nothing.
        """
        try:
            header = read_header(token)
            # RFC 8725 §3.1: the token does not choose its algorithm.
            if header.get("alg") not in ((alg,) if alg else client.signing_algs):
                raise BadClientJwt("alg")
            # RFC 8725 §3.11: a token of one kind is not accepted for another.
            if _type(header) not in types:
                raise BadClientJwt("typ")
            keys = self.keys.for_verification(client, alg=str(header["alg"]), kid=header.get("kid"))
            for key in keys:
                try:
                    claims = strict_object(jws.deserialize_compact(token, key, registry=_JWS).payload)
                except JoseError:
                    continue
                self.keys.used(client, key)
                return claims
        except (Malformed, KeysUnavailable, ValueError, TypeError, RecursionError) as error:
            # RecursionError: joserfc parses the header again, one frame deeper than we did.
            raise BadClientJwt(str(error)) from error
        raise BadClientJwt("signature")


def unverified_claims(token: str) -> Claims:
    """Returns the claims without any check, to find out whose key must verify the token. Raises BadClientJwt."""
    try:
        return read_unverified(token)
    except Malformed as error:
        raise BadClientJwt(str(error)) from error


def _type(header: Claims) -> str:
    """Returns `typ` in lower case, without `application/` (RFC 7515 §4.1.9)."""
    typ = header.get("typ", "")
    return typ.lower().removeprefix("application/") if isinstance(typ, str) else "?"


def instant(claims: Claims, name: str) -> float | None:
    """Returns a NumericDate (RFC 7519 §2), None when absent. Raises BadClientJwt for anything else."""
    value = claims.get(name)
    if name not in claims:
        return None
    # 1e400 is an infinity, and 10**400 fits no float.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LAST_SECOND:
        raise BadClientJwt(name)
    return float(value)


def verify_begun(claims: Claims, now: float, ahead: float) -> None:
    """facts/security §0.2, FAPI 2.0 §5.3.2.1: `iat` and `nbf` at most `ahead` seconds ahead. Raises BadClientJwt."""
    for name in ("iat", "nbf"):
        begins = instant(claims, name)
        if begins is not None and begins > now + ahead:
            raise BadClientJwt(name)
