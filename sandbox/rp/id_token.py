"""Checking an ID Token as a third party does: joserfc for the signature, Authlib for the claims."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import ClaimError, InvalidKeyIdError, JoseError, MissingHeaderError
from joserfc.jwk import KeySet

from sandbox.rp.provider import Provider

CLOCK_SKEW = timedelta(seconds=10)


class IdTokenRefused(Exception):
    """The message is the code of the failed check: joserfc's, with the claim where there is one."""


def verify_id_token(
    raw: str, *, provider: Provider, client_id: str, alg: str, nonce: str, access_token: str, now: datetime
) -> Mapping[str, Any]:
    """Returns the claims, checked as in OpenID Connect Core §3.1.3.7.

    Checked: signature under the one registered `alg`, iss, aud, azp, exp, iat, nonce, at_hash when present.
    Raises IdTokenRefused, IssuerUnreachable.
    """
    try:
        token = verify_signature(raw, provider, alg)
        claims = CodeIDToken(
            token.claims,
            token.header,
            {
                "iss": {"essential": True, "value": provider.issuer},
                "sub": {"essential": True},
                "aud": {"essential": True, "value": client_id},
                "exp": {"essential": True},
                "iat": {"essential": True},
            },
            {"nonce": nonce, "client_id": client_id, "access_token": access_token},
        )
        claims.validate(now=int(now.timestamp()), leeway=int(CLOCK_SKEW.total_seconds()))
    except ClaimError as refused:
        raise IdTokenRefused(f"{refused.error} {refused.claim}") from refused
    except JoseError as refused:
        raise IdTokenRefused(refused.error) from refused
    except (TypeError, ValueError) as unreadable:
        raise IdTokenRefused("unreadable") from unreadable
    return dict(token.claims)


def verify_signature(raw: str, provider: Provider, alg: str) -> jwt.Token:
    """Verify by a published key, under the one registered `alg`.

    Raises JoseError, TypeError, ValueError, IssuerUnreachable.
    """

    def decode(keys: KeySet) -> jwt.Token:
        token = jwt.decode(raw, keys, algorithms=[alg])
        # OpenID Connect Core §10.1: the issuer publishes several keys, so `kid` MUST be there.
        if "kid" not in token.header:
            raise MissingHeaderError("kid")
        return token

    try:
        return decode(provider.keys())
    except InvalidKeyIdError:
        return decode(provider.fetch_keys())
