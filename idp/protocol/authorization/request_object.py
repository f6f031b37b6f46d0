"""Contains request objects (RFC 9101): an authorization request signed by its client. Only what is signed counts.

By value only: a `request_uri` of the client would make us fetch it (facts/security T41), which /par makes needless.
Not here: what the parameters may be (`authorization_request`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from werkzeug.datastructures import MultiDict

from idp.clients.registry import Client
from idp.core.clock import Clock
from idp.core.errors import RuleBroken
from idp.protocol.authorization.authorization_request import RECOGNISED, Received
from idp.protocol.jose.client_jwt import BadClientJwt, Claims, ClientJwts, instant, verify_begun
from idp.protocol.rules import request_rules as rules
from idp.protocol.rules.authorization_rules import REQUEST_OBJECT
from idp.web.parameters import without_empty

_FAPI_AGE = timedelta(minutes=60)
#: RFC 9101 §10.8. The two others are written by OpenID Connect Core §6.1 clients and plain JOSE libraries.
_TYPES = ("oauth-authz-req+jwt", "jwt", "")
#: Parameters that stand inside as another JSON type than a string; a `state` of 12 is none (RFC 9101 §4, Core §6.1).
_NO_TEXT: Mapping[str, type] = {"max_age": int, "claims": dict, "registration": dict}


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestObjects:
    jwts: ClientJwts
    issuer: str
    clock: Clock
    life: timedelta
    clock_ahead: timedelta

    def opened(self, values: "MultiDict[str, str]", client: Client) -> Received:
        """Returns the parameters inside `request`, or the plain ones when there is none. Raises ClientError."""
        objects = values.getlist("request")
        if not objects:
            return Received(values=values)
        if client.request_object_signing_alg is None:
            raise RuleBroken(REQUEST_OBJECT)
        if len(objects) > 1 or "request_uri" in values:
            raise RuleBroken(rules.REQUEST_OBJECT_BESIDE)
        try:
            claims = self._verified(objects[0], client)
        except BadClientJwt as error:
            raise RuleBroken(rules.REQUEST_OBJECT_REFUSED, facts={"part": str(error)}) from error
        # RFC 6749 §3.1: all others are ignored, also the claims of the envelope (RFC 7519 §4.1).
        parameters = {name: _text(name, value) for name, value in claims.items() if name in RECOGNISED}
        if {"request", "request_uri"} & parameters.keys() or parameters.get("client_id") != client.client_id:
            # RFC 9101 §4, §5: no request inside the request; the client_id inside equals the one outside.
            raise RuleBroken(rules.REQUEST_OBJECT_OTHER)
        return Received(values=without_empty(MultiDict(parameters)), is_signed=True)

    def _verified(self, token: str, client: Client) -> Claims:
        """Returns the claims (RFC 9101 §4), good for an hour at most (FAPI 2.0 Message Signing §5.3.1).

        Raises BadClientJwt.
        """
        claims = self.jwts.verified(token, client, alg=client.request_object_signing_alg, types=_TYPES)
        audience, now = claims.get("aud"), self.clock.now().timestamp()
        if claims.get("iss") != client.client_id:
            raise BadClientJwt("iss")
        if self.issuer not in (audience if isinstance(audience, list) else [audience]):
            raise BadClientJwt("aud")
        verify_begun(claims, now, self.clock_ahead.total_seconds())
        begun, issued, ends = (instant(claims, name) for name in ("nbf", "iat", "exp"))
        if client.profile == "fapi2" and (begun is None or begun < now - _FAPI_AGE.total_seconds()):
            # FAPI 2.0 Message Signing §5.3.1: `nbf` is there, at most 60 minutes back.
            raise BadClientJwt("nbf")
        begins = next((instant for instant in (begun, issued) if instant is not None), now)
        if ends is None or not now < ends <= begins + self.life.total_seconds():
            raise BadClientJwt("exp")
        return claims


def _text(name: str, value: object) -> str:
    """Returns a parameter as text (RFC 9101 §4): a number or an object only where the parameter is one.

    Raises ClientError.
    """
    if isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in value):
            # JSON can hold half of a surrogate pair; an address and a page cannot (RFC 7493 §2.1).
            raise RuleBroken(rules.REQUEST_OBJECT_TEXT)
        return value
    # By the very type: `true` would be a number.
    if type(value) is not _NO_TEXT.get(name):
        raise RuleBroken(rules.REQUEST_OBJECT_TYPE)
    return json.dumps(value)
