"""Reading our own ID Tokens back (`id_token_hint`): signature, issuer and audience, never the end of life."""

import json
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from idp.signing.key_ring import Keys

MAX_BYTES = 16 * 1024


class BadHint(Exception):
    """Not an ID Token of ours."""


@dataclass(frozen=True, slots=True)
class Hint:
    client_id: str
    subject: str
    sid: str | None


def read_hint(token: str, *, keys: Keys, issuer: str) -> Hint:
    """RP-Initiated Logout 1.0 §2: an expired hint is accepted. Raises BadHint.

    Only our algorithms, only our keys by `kid`; `jwk`, `jku`, `x5c`, `x5u` in the header mean nothing (RFC 8725 §3.1).
    """
    if len(token) > MAX_BYTES or token.count(".") != 2:
        raise BadHint("size or shape")
    try:
        key_set = KeySet.import_key_set({"keys": [dict(jwk) for jwk in keys.jwks()["keys"]]})
        verified = jws.deserialize_compact(token, key_set, algorithms=["RS256", "ES256"])
        claims: dict[str, Any] = json.loads(verified.payload)
    except (JoseError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadHint(type(error).__name__) from error
    if not isinstance(claims, dict) or claims.get("iss") != issuer:
        raise BadHint("issuer")
    audience, subject, sid = claims.get("aud"), claims.get("sub"), claims.get("sid")
    if not isinstance(audience, str) or not isinstance(subject, str):
        raise BadHint("claims")
    return Hint(audience, subject, sid if isinstance(sid, str) else None)
