"""JWTs that a client signed with its registered keys: request objects, assertions."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from idp.clients import Client

MAX_BYTES = 16 * 1024


class BadClientJwt(Exception):
    """Not a JWT signed by this client's key, whatever the reason."""


class ClientKeys(Protocol):
    def for_verification(self, client: Client, kid: str | None) -> KeySet:
        """The client's registered public keys. Raises BadClientJwt when there are none."""


class InlineKeys:
    def for_verification(self, client: Client, kid: str | None) -> KeySet:
        if not client.jwks:
            raise BadClientJwt("no keys")
        return KeySet.import_key_set({"keys": [dict(jwk) for jwk in client.jwks]})


def read_client_jwt(
    token: str, client: Client, keys: ClientKeys, *, algs: Sequence[str], types: Sequence[str | None]
) -> Mapping[str, Any]:
    """The claims of a compact JWS whose signature is verified; no claim is judged. Raises BadClientJwt.

    Only registered keys by `kid`; `jwk`, `jku`, `x5c`, `x5u` in the header mean nothing (RFC 8725 §3.1).
    """
    # facts/security JW7: three parts, so no JWE; bounded before anything is decoded.
    if len(token) > MAX_BYTES or token.count(".") != 2:
        raise BadClientJwt("size or shape")
    try:
        header = jws.extract_compact(token.encode()).headers()
        if "crit" in header or header.get("alg") not in algs or _type(header) not in types:
            raise BadClientJwt("header")
        found = keys.for_verification(client, header.get("kid"))
        claims = json.loads(jws.deserialize_compact(token, found, algorithms=list(algs)).payload)
    except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadClientJwt(type(error).__name__) from error
    if not isinstance(claims, dict):
        raise BadClientJwt("claims")
    return claims


def _type(header: Mapping[str, Any]) -> str | None:
    """RFC 7515 §4.1.9: `application/` may stand before it, case means nothing."""
    typ = header.get("typ")
    return typ.lower().removeprefix("application/") if isinstance(typ, str) else typ
