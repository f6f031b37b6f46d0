"""Contains ID Tokens that only their client can read: signed, then encrypted to its key (Core §10.2, RFC 7519 §5.2).

Not here: fetching that key (`clients/key_sets`).
"""

from joserfc import jwe

from idp.clients.key_sets import ClientKeys, Key, KeysUnavailable
from idp.clients.registry import Client
from idp.core.errors import RuleBroken
from idp.protocol.rules.use_rules import NO_ENCRYPTION_KEY


def recipient_of(client: Client, keys: ClientKeys) -> Key | None:
    """Returns the key that its ID Tokens are encrypted to; None for a client that wants them signed only.

    Raises ClientError when that key is missing: a token that is to be encrypted is never sent in clear.
    """
    alg = client.id_token_encrypted_response_alg
    if alg is None:
        return None
    try:
        return keys.for_encryption(client, alg=alg)
    except KeysUnavailable as error:
        raise RuleBroken(NO_ENCRYPTION_KEY) from error


def encrypted(token: str, client: Client, keys: ClientKeys) -> str:
    """Returns a JWE of a signed token; the token itself where the client registered nothing. Raises ClientError."""
    key = recipient_of(client, keys)
    if key is None:
        return token
    names = {"alg": client.id_token_encrypted_response_alg, "enc": client.id_token_encrypted_response_enc}
    # RFC 7519 §5.2: `cty` says that another JWT is inside. Never `zip` (RFC 8725 §3.6).
    header = {**names, "typ": "JWT", "cty": "JWT", **({"kid": key.kid} if key.kid else {})}
    return jwe.encrypt_compact(header, token, key, algorithms=[str(name) for name in names.values()])
