"""Contains reading our own ID Tokens back (`id_token_hint`): signature, issuer, audience.

Not here: their end of life.
"""

from collections.abc import Callable
from dataclasses import dataclass

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from idp.clients.members import SIGNING_ALGS
from idp.protocol.jose.compact_jws import MAX_BYTES, read_header, strict_object
from idp.signing.key_ring import Keys

__all__ = ["MAX_BYTES", "BadHint", "EncryptedHint", "Hint", "ReadHint", "read_hint"]


class BadHint(Exception):
    """It is not an ID Token of ours."""


class EncryptedHint(BadHint):
    """Only the client can read it, and must decrypt it before sending it back (Core §3.1.2.1)."""


@dataclass(frozen=True, slots=True)
class Hint:
    client_id: str
    subject: str
    sid: str | None


#: `read_hint` with the keys and the issuer of this service. Raises BadHint.
ReadHint = Callable[[str], Hint]


def read_hint(token: str, *, keys: Keys, issuer: str) -> Hint:
    """Returns what the hint names; it may have expired (RP-Initiated Logout 1.0 §2). Raises BadHint.

    Only our algorithms, only our keys, by `kid`; `jwk`, `jku`, `x5c`, `x5u` in the header mean nothing (RFC 8725 §3.1).
    """
    if token.count(".") == 4:
        raise EncryptedHint("encrypted")
    try:
        # RFC 8725 §3.11: we sign logout tokens and authorization responses with the same keys.
        if read_header(token).get("typ") != "JWT":
            raise BadHint("typ")
        key_set = KeySet.import_key_set({"keys": [dict(jwk) for jwk in keys.jwks()["keys"]]})
        verified = jws.deserialize_compact(token, key_set, algorithms=SIGNING_ALGS)
        claims = strict_object(verified.payload)
    except (JoseError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadHint(type(error).__name__) from error
    if claims.get("iss") != issuer:
        raise BadHint("issuer")
    audience, subject, sid = claims.get("aud"), claims.get("sub"), claims.get("sid")
    if not isinstance(audience, str) or not isinstance(subject, str):
        raise BadHint("claims")
    # RFC 8725 §3.12: signed userinfo has our `iss`, the client as `aud`, `sub` and the same `typ` (Core §5.3.2); what
    # every ID Token must have besides (Core §2) it does not.
    if any(type(claims.get(name)) is not int for name in ("exp", "iat")):
        raise BadHint("no ID Token")
    return Hint(audience, subject, sid if isinstance(sid, str) else None)
