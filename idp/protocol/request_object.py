"""Request objects (RFC 9101): an authorization request signed by its client. Only what is signed counts.

By value only: a `request_uri` of the client's would make us fetch it (facts/security T41); /par does better.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from werkzeug.datastructures import MultiDict

from idp.clients import Client
from idp.clock import Clock
from idp.errors import OAuthError, Returned
from idp.protocol.authorization_request import Received
from idp.protocol.client_jwt import BadClientJwt, ClientKeys, read_client_jwt

#: RFC 9101 §4, RFC 7519 §4.1: of the envelope, not of the request.
_OF_THE_JWT = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti"})
#: RFC 9101 §10.8; the two others are what OpenID Connect Core §6.1 and plain JOSE libraries write.
_TYPES = ("oauth-authz-req+jwt", "jwt", None)


def _refused(description: str) -> Returned:
    return Returned(OAuthError.INVALID_REQUEST_OBJECT, description)


@dataclass(frozen=True, slots=True)
class RequestObjects:
    keys: ClientKeys
    issuer: str
    clock: Clock
    life: timedelta
    clock_ahead: timedelta

    def opened(self, values: "MultiDict[str, str]", client: Client) -> Received:
        """The request inside `request`, or the one beside it when there is none. Raises Returned."""
        objects = values.getlist("request")
        if not objects:
            return Received(values)
        if client.request_object_signing_alg is None:
            raise Returned(OAuthError.REQUEST_NOT_SUPPORTED, "request objects need a registered algorithm")
        if len(objects) > 1 or "request_uri" in values:
            raise Returned(OAuthError.INVALID_REQUEST, "one request object, and no request_uri beside it")
        try:
            claims = read_client_jwt(
                objects[0], client, self.keys, algs=(client.request_object_signing_alg,), types=_TYPES
            )
        except BadClientJwt as error:
            raise _refused("the request object is not one of this client's") from error
        self._check_envelope(claims, client)
        parameters = {name: _text(value) for name, value in claims.items() if name not in _OF_THE_JWT}
        if {"request", "request_uri"} & parameters.keys() or parameters.get("client_id") != client.client_id:
            # §4, §5: no request within the request; the client_id inside is the one outside.
            raise _refused("the request object names another client or another request")
        return Received(MultiDict(parameters), is_signed=True)

    def _check_envelope(self, claims: Mapping[str, Any], client: Client) -> None:
        """§4: from this client, for us, of now (FAPI 2.0 Message Signing §5.3.1: at most an hour)."""
        audience = claims.get("aud")
        if claims.get("iss") != client.client_id or self.issuer not in (
            audience if isinstance(audience, list) else [audience]
        ):
            raise _refused("the request object has another issuer or audience")
        now = self.clock.now().timestamp()
        ahead = now + self.clock_ahead.total_seconds()
        ends, begins = _time(claims.get("exp")), _time(claims.get("nbf", claims.get("iat", now)))
        if not now < ends <= begins + self.life.total_seconds() or begins > ahead:
            raise _refused("the request object is expired, not yet valid, or valid for too long")


def _time(value: object) -> float:
    """RFC 7519 §2, NumericDate. Raises Returned."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _refused("the request object needs exp, and its times are numbers")
    return value


def _text(value: object) -> str:
    """§4: texts as texts, numbers as JSON numbers, `claims` as JSON. Raises Returned."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | dict):
        raise _refused("a parameter of the request object has another type")
    return json.dumps(value)
