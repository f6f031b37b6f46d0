"""Contains the way into each endpoint that clients call: the form, which client sends it, the answer to a refusal.

Not here: how a client authenticates (`client_authentication`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from idp.clients.registry import Client
from idp.core.audit import AuditEvent
from idp.core.errors import ClientError, OAuthError
from idp.core.refusal_trail import RefusalTrail
from idp.protocol.client_auth.answers import json_response
from idp.protocol.client_auth.client_authentication import ClientAuthentication, ClientRefused
from idp.protocol.client_auth.dpop import ProofRefused
from idp.web.network import CallerNetworks
from idp.web.parameters import single_valued, without_empty


@dataclass(frozen=True, slots=True)
class Call:
    """A request of a proved client. `form`: its single-valued body."""

    client: Client
    form: Mapping[str, str]
    request: Request


class TooManyRequests(ClientError):
    """RFC 9126 §2.3: 429, with a registered code."""

    def __init__(self, window: timedelta) -> None:
        super().__init__(OAuthError.TEMPORARILY_UNAVAILABLE, "too many requests: try again later")
        self.window = window


#: Raises ClientError.
Answer = Callable[[Call], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDoor:
    authentication: ClientAuthentication
    trail: RefusalTrail
    parameter_bytes: int
    networks: CallerNetworks

    def serve(self, request: Request, answer: Answer) -> Response:
        """Returns what `answer` gives to the proved client, or the error. Audits a refused client."""
        try:
            form = _read_form(request, self.parameter_bytes)
            client = self.authentication.authenticate(request, form)
            return answer(Call(client, form, request))
        except ClientRefused as refused:
            network = self.networks.of(request)
            self.trail.record_refusal(AuditEvent.CLIENT_REFUSED, network, used_basic=refused.used_basic)
            return _error_response(refused)
        except ClientError as error:
            return _error_response(error)


def _read_form(request: Request, limit: int) -> dict[str, str]:
    """Returns the single-valued `application/x-www-form-urlencoded` body. Raises ClientError."""
    if request.mimetype != "application/x-www-form-urlencoded":
        raise ClientError(OAuthError.INVALID_REQUEST, "the body must be application/x-www-form-urlencoded")
    try:
        return single_valued(without_empty(request.form), limit)
    except RequestEntityTooLarge as error:
        raise ClientError(OAuthError.INVALID_REQUEST, "the body is too large") from error
    except ValueError as error:
        raise ClientError(OAuthError.INVALID_REQUEST, str(error)) from error


def _error_response(error: ClientError) -> Response:
    """Returns the error response of RFC 6749 §5.2."""
    value = {"error": str(error.error), "error_description": error.description}
    if isinstance(error, ClientRefused):
        challenge = {"WWW-Authenticate": 'Basic realm="token"'} if error.used_basic else {}
        return json_response(value, 401, challenge)
    if isinstance(error, TooManyRequests):
        return json_response(value, 429, {"Retry-After": str(int(error.window.total_seconds()))})
    # RFC 9449 §8: with the error comes the nonce for the next try.
    nonce = {"DPoP-Nonce": error.fresh_nonce} if isinstance(error, ProofRefused) else {}
    return json_response(value, 400, nonce)
