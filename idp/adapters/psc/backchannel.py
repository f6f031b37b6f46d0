"""The calls to Pro Santé Connect from server to server: a request pushed, code for tokens, token for userinfo.

Contains client authentication, and what each answer, status or timeout means for the login.
Not here: the browser's side, the verification of the ID token, the reading of the person.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode

from oic.exception import PyoidcError
from oic.oauth2.message import Message
from oic.oic import Client
from oic.oic.message import AccessTokenRequest, AccessTokenResponse, AuthorizationErrorResponse
from oic.utils.settings import OicClientSettings

from idp.adapters.http.bounded import BoundedHttp, HttpAnswer, NoUsableAnswer
from idp.adapters.psc.id_token import refused
from idp.interaction.upstream import UpstreamRefused, UpstreamUnavailable
from idp.settings.psc import PscSettings

# What the operator's log shows of an error: a registered code, never free text from PSC.
_KNOWN_ERRORS = frozenset(
    {
        *AuthorizationErrorResponse.c_allowed_values["error"],
        "invalid_client",
        "invalid_grant",
        "invalid_token",
        "unauthorized_client",
        "unsupported_grant_type",
    }
)

# RFC 6750 §2.1, bounded: a token that we put in a header has no space and no line end.
_ACCESS_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,16384}")

_REQUEST_URI = re.compile(r"[!-~]{1,2048}")

_TOKEN_MEMBERS = ("token_type", "access_token", "id_token")


@dataclass(frozen=True, slots=True)
class Tokens:
    access_token: str = field(repr=False)
    id_token: str = field(repr=False)


def fresh_client(client_id: str) -> Any:
    """Returns an `oic.oic.Client` (typed in part only) for one login: it would carry its grants over to the next."""
    # Every setting is given: otherwise it is read from the environment, where pydantic looks for `TIMEOUT` and
    # the like. No secret is given: the client would put it into the body of its requests.
    settings = OicClientSettings(verify_ssl=True, client_cert=None, timeout=5, requests_session=None)
    return Client(client_id=client_id, settings=settings)


def read_message(kind: type[Message], members: Mapping[str, object]) -> Mapping[str, object]:
    """Returns the `oic` message of these members. Its `verify` is not called: it would verify tokens too."""
    try:
        return dict(kind(**members))
    except (PyoidcError, ValueError, TypeError):
        # `from None`: these exceptions quote the value, which may be a token.
        raise refused(f"{kind.__name__}: malformed") from None


def registered_error(error: object) -> str:
    return error if isinstance(error, str) and error in _KNOWN_ERRORS else "unregistered error"


class PscBackChannel:
    def __init__(self, settings: PscSettings, http: BoundedHttp, redirect_uri: str) -> None:
        self._settings, self._http, self._redirect_uri = settings, http, redirect_uri

    def push(self, push_endpoint: str, query: str) -> str:
        """Returns the reference to the request, pushed (RFC 9126 §2). Raises UpstreamRefused, UpstreamUnavailable."""
        headers, members = _CLIENT_AUTHENTICATION[self._settings.client_authentication](self._settings)
        form = urlencode({**dict(parse_qsl(query)), **members})
        document = _object_of(
            "request", partial(self._http.post_form, push_endpoint, form, headers), expected=201
        )
        request_uri = document.get("request_uri")
        if not isinstance(request_uri, str) or not _REQUEST_URI.fullmatch(request_uri):
            raise refused("request: request_uri")
        return request_uri

    def redeem(self, token_endpoint: str, code: str, verifier: str) -> Tokens:
        """Returns the token response (RFC 6749 §4.1.3, RFC 7636 §4.5). Raises UpstreamRefused, UpstreamUnavailable."""
        arguments = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        client = fresh_client(self._settings.client_id)
        headers, members = _CLIENT_AUTHENTICATION[self._settings.client_authentication](self._settings)
        form = str(
            client.construct_Message(
                AccessTokenRequest, request_args={**arguments, **members}
            ).to_urlencoded()
        )
        call = partial(self._http.post_form, token_endpoint, form, headers)
        document = _object_of("token", call)
        message = read_message(AccessTokenResponse, {name: document.get(name) for name in _TOKEN_MEMBERS})
        token_type, access_token, id_token = (message.get(name) for name in _TOKEN_MEMBERS)
        # RFC 6749 §5.1 and §7.1: the type is case-insensitive, and a token of an unknown type must not be used.
        if not isinstance(token_type, str) or token_type.lower() != "bearer":
            raise refused("token: token_type")
        if not isinstance(access_token, str) or not _ACCESS_TOKEN.fullmatch(access_token):
            raise refused("token: access_token")
        if not isinstance(id_token, str):
            raise refused("token: id_token")
        return Tokens(access_token, id_token)

    def userinfo(self, userinfo_endpoint: str, access_token: str) -> Mapping[str, object]:
        """Returns the claims, not yet compared with the ID token. Raises UpstreamRefused, UpstreamUnavailable."""
        headers = {"Authorization": f"Bearer {access_token}"}
        return _object_of("userinfo", partial(self._http.get, userinfo_endpoint, headers))


_Credentials = tuple[Mapping[str, str], Mapping[str, str]]


def _by_basic(settings: PscSettings) -> _Credentials:
    # RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
    parts = (quote_plus(part) for part in (settings.client_id, settings.client_secret))
    credentials = b64encode(":".join(parts).encode("ascii")).decode("ascii")
    return {"Authorization": f"Basic {credentials}"}, {}


def _by_post(settings: PscSettings) -> _Credentials:
    return {}, {"client_id": settings.client_id, "client_secret": settings.client_secret}


def _by_certificate(settings: PscSettings) -> _Credentials:
    # RFC 8705 §2: the certificate of the connection proves the client that `client_id` names.
    return {}, {"client_id": settings.client_id}


#: Headers and form members that authenticate us at the token endpoint.
_CLIENT_AUTHENTICATION: Mapping[str, Callable[[PscSettings], _Credentials]] = {
    "client_secret_basic": _by_basic,
    "client_secret_post": _by_post,
    "tls_client_auth": _by_certificate,
}


def client_is_known(http: BoundedHttp, settings: PscSettings, redirect_uri: str, token_endpoint: str) -> str:
    """Returns the token endpoint's error for our client with an invented code, for `idp psc check`.

    "invalid_grant" means that it knows the client. Raises NoUsableAnswer.
    """
    headers, members = _CLIENT_AUTHENTICATION[settings.client_authentication](settings)
    form = {
        "grant_type": "authorization_code",
        "code": "check",
        "redirect_uri": redirect_uri,
        # RFC 7636 §4.5: who demands a verifier may look for it before it looks at the code.
        "code_verifier": "check" * 10,
        **members,
    }
    # RFC 6749 §4.1.3: the client is authenticated before the code is checked, so the error tells which one failed.
    document = http.post_form(token_endpoint, urlencode(form), headers).json()
    error = document.get("error") if isinstance(document, dict) else None
    return registered_error(error)


def _object_of(step: str, call: Callable[[], HttpAnswer], expected: int = 200) -> Mapping[str, object]:
    try:
        answer = call()
        if answer.status != expected:
            raise _failure(step, answer)
        document = answer.json()
    except NoUsableAnswer as error:
        raise UpstreamUnavailable(f"{step}: {error}") from error
    if not isinstance(document, dict):
        raise refused(f"{step}: not a JSON object")
    return document


def _failure(step: str, answer: HttpAnswer) -> UpstreamRefused | UpstreamUnavailable:
    """Returns the failure: PSC refuses with a 4xx that is not HTML; any other answer means an outage there."""
    is_refusal = 400 <= answer.status < 500 and answer.status not in (408, 429)
    if not is_refusal or answer.media_type == "text/html":
        return UpstreamUnavailable(f"{step}: status {answer.status}")
    try:
        document = answer.json()
    except NoUsableAnswer:
        document = None
    error = document.get("error") if isinstance(document, dict) else None
    return refused(f"{step}: status {answer.status}, {registered_error(error)}")
