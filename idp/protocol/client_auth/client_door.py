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
from idp.core.errors import ClientError, OAuthError, RuleBroken
from idp.core.refusal_trail import RefusalTrail
from idp.protocol.client_auth.answers import json_response
from idp.protocol.client_auth.client_authentication import ClientAuthentication, ClientRefused
from idp.protocol.client_auth.dpop import ProofRefused
from idp.protocol.client_auth.guesses import Slowed
from idp.protocol.rules.checks import Asked
from idp.protocol.rules.form_rules import BODY_TOO_LARGE, FORM_TYPE, read_single
from idp.protocol.rules.refusals import Refusals
from idp.web.network import CallerNetworks
from idp.web.parameters import without_empty


@dataclass(frozen=True, slots=True)
class Call:
    """A request of a proved client. `form`: its single-valued body."""

    client: Client
    form: Mapping[str, str]
    request: Request

    @property
    def asked(self) -> Asked:
        """Returns what the rules look at."""
        return Asked(client=self.client, parameters=self.form)


#: Those of the forms that a refusal may name.
_NAMES = (
    *(
        "client_id",
        "client_secret",
        "client_assertion",
        "client_assertion_type",
        "grant_type",
        "code",
        "redirect_uri",
    ),
    *("code_verifier", "refresh_token", "scope", "token", "token_type_hint"),
)


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
    refusals: Refusals

    def serve(self, request: Request, answer: Answer) -> Response:
        """Returns what `answer` gives to the proved client, or the error. Audits a refused client."""
        client = None
        try:
            form = _read_form(request, self.parameter_bytes)
            client = self.authentication.authenticate(request, form)
            return answer(Call(client, form, request))
        except ClientRefused as refused:
            network = self.networks.of(request)
            self.trail.audit_refusal(AuditEvent.CLIENT_REFUSED, network, used_basic=refused.used_basic)
            return self._refusal(request, refused, client or refused.client)
        except ClientError as error:
            return self._refusal(request, error, client)

    def _refusal(self, request: Request, error: ClientError, client: Client | None) -> Response:
        client_id = client.client_id if client else None
        self.refusals.tell(request, error, endpoint=request.path, client_id=client_id)
        return _error_response(error)


def _read_form(request: Request, limit: int) -> dict[str, str]:
    """Returns the single-valued `application/x-www-form-urlencoded` body. Raises ClientError."""
    if request.mimetype != "application/x-www-form-urlencoded":
        raise RuleBroken(FORM_TYPE)
    try:
        return read_single(without_empty(request.form), limit, _NAMES)
    except RequestEntityTooLarge as error:
        raise RuleBroken(BODY_TOO_LARGE) from error


def _error_response(error: ClientError) -> Response:
    """Returns the error response of RFC 6749 §5.2."""
    value = {"error": str(error.error), "error_description": error.told}
    if isinstance(error, ClientRefused):
        challenge = {"WWW-Authenticate": 'Basic realm="token"'} if error.used_basic else {}
        return json_response(value, 401, challenge)
    if isinstance(error, TooManyRequests | Slowed):
        return json_response(value, 429, {"Retry-After": str(int(error.window.total_seconds()))})
    # RFC 9449 §8: with the error comes the nonce for the next try.
    nonce = {"DPoP-Nonce": error.fresh_nonce} if isinstance(error, ProofRefused) else {}
    return json_response(value, 400, nonce)
