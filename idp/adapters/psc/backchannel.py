"""The calls to Pro Santé Connect from server to server: a request pushed, code for tokens, token for userinfo.

Contains client authentication, and what each answer, status or timeout means for the login.
Not here: the browser's side, the verification of the ID token, the reading of the person.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode

from oic.exception import PyoidcError
from oic.oauth2.message import Message
from oic.oic import Client
from oic.oic.message import AccessTokenRequest, AccessTokenResponse

from idp.adapters.http.bounded import BoundedHttp, HttpAnswer, NoUsableAnswer
from idp.adapters.psc.client_secret import ClientSecret
from idp.adapters.psc.client_standing import ClientStanding
from idp.adapters.psc.errors import CLIENT_REFUSED, error_in, failure_of, meaning_of, shown
from idp.adapters.psc.id_token import refused
from idp.adapters.psc.signed_userinfo import SIGNED_USERINFO
from idp.core.oic_settings import PlainSettings
from idp.interaction.upstream import UpstreamFailed, UpstreamRefusal, UpstreamUnavailable
from idp.settings.psc import PscSettings

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
    # No secret is given: the client would put it into the body of its requests.
    settings: Any = PlainSettings()
    return Client(client_id=client_id, settings=settings)


def read_message(kind: type[Message], members: Mapping[str, object]) -> Mapping[str, object]:
    """Returns the `oic` message of these members. Its `verify` is not called: it would verify tokens too."""
    try:
        return dict(kind(**members))
    except (PyoidcError, ValueError, TypeError):
        # `from None`: these exceptions quote the value, which may be a token.
        raise refused(f"{kind.__name__}: malformed") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class PscBackChannel:
    settings: PscSettings
    http: BoundedHttp
    redirect_uri: str
    secret: ClientSecret
    standing: ClientStanding

    def push(self, push_endpoint: str, query: str) -> str:
        """Returns the reference to the request, pushed (RFC 9126 §2). Raises UpstreamFailed."""
        secret = self.secret.current()
        call = partial(post_request, self.http, self.settings, secret, push_endpoint, query)
        answer = _answer_of("par", call)
        if answer.status != 201:
            raise self._refusal("par", answer, secret)
        self.standing.accepted()
        return reference_in(answer)

    def redeem(self, token_endpoint: str, code: str, verifier: str) -> Tokens:
        """Returns the token response (RFC 6749 §4.1.3, RFC 7636 §4.5). Raises UpstreamFailed."""
        document = self._token({"code": code, "code_verifier": verifier}, token_endpoint)
        message = read_message(AccessTokenResponse, {name: document.get(name) for name in _TOKEN_MEMBERS})
        token_type, access_token, id_token = (message.get(name) for name in _TOKEN_MEMBERS)
        # RFC 6749 §5.1 and §7.1: the type is case-insensitive, and a token of an unknown type must not be used.
        if not isinstance(token_type, str) or token_type.lower() != "bearer":
            raise refused(f"token: token_type {shown(token_type)}, expected Bearer")
        if not isinstance(access_token, str) or not _ACCESS_TOKEN.fullmatch(access_token):
            raise refused("token: access_token")
        if not isinstance(id_token, str):
            raise refused("token: id_token")
        return Tokens(access_token, id_token)

    def look_at_client(self, token_endpoint: str) -> None:
        """Ask with an invented code whether we are known again. Raises nothing: the standing says it."""
        with suppress(UpstreamFailed):
            self._token({"code": "check"}, token_endpoint)

    def _token(self, members: Mapping[str, str], token_endpoint: str) -> Mapping[str, object]:
        """Returns the token endpoint's answer, and notes whether it took us for its client."""
        secret, form = self.secret.current(), {"redirect_uri": self.redirect_uri, **members}
        call = partial(post_code, self.http, self.settings, secret, token_endpoint, form)
        answer = _answer_of("token", call)
        if answer.status == 200:
            self.standing.accepted()
            return _object_in("token", answer)
        raise self._refusal("token", answer, secret)

    def _refusal(self, step: str, answer: HttpAnswer, secret: str) -> UpstreamFailed:
        """Returns the failure, and notes what it says of us as its client."""
        meaning, detail = meaning_of(step, answer)
        failure = failure_of(meaning, detail)
        if meaning is CLIENT_REFUSED:
            self.standing.refused(str(failure), secret)
        elif meaning.reason is UpstreamRefusal.EXPIRED:
            # RFC 6749 §4.1.3: the client is authenticated before the code is looked at.
            self.standing.accepted()
        return failure

    def userinfo(
        self, userinfo_endpoint: str, access_token: str, read_signed: Callable[[str], Mapping[str, object]]
    ) -> Mapping[str, object]:
        """Returns the claims, not yet compared with the ID token. `read_signed` verifies an answer that is a JWT.

        Raises UpstreamFailed."""
        headers = {
            "Authorization": f"Bearer {access_token}",
            "Accept": f"application/json, {SIGNED_USERINFO}",
        }
        answer = _answer_of("userinfo", partial(self.http.get, userinfo_endpoint, headers))
        if answer.status != 200:
            raise failure_of(*meaning_of("userinfo", answer))
        if answer.media_type == SIGNED_USERINFO:
            return read_signed(answer.body.decode("ascii", "replace").strip())
        return _object_in("userinfo", answer)


_Credentials = tuple[Mapping[str, str], Mapping[str, str]]


def _by_basic(settings: PscSettings, secret: str) -> _Credentials:
    # RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
    parts = (quote_plus(part) for part in (settings.client_id, secret))
    credentials = b64encode(":".join(parts).encode("ascii")).decode("ascii")
    return {"Authorization": f"Basic {credentials}"}, {}


def _by_post(settings: PscSettings, secret: str) -> _Credentials:
    return {}, {"client_id": settings.client_id, "client_secret": secret}


def _by_certificate(settings: PscSettings, _secret: str) -> _Credentials:
    # RFC 8705 §2: the certificate of the connection proves the client that `client_id` names.
    return {}, {"client_id": settings.client_id}


#: Headers and form members that authenticate us at the token endpoint.
_CLIENT_AUTHENTICATION: Mapping[str, Callable[[PscSettings, str], _Credentials]] = {
    "client_secret_basic": _by_basic,
    "client_secret_post": _by_post,
    "tls_client_auth": _by_certificate,
}


def post_code(
    http: BoundedHttp, settings: PscSettings, secret: str, token_endpoint: str, members: Mapping[str, str]
) -> HttpAnswer:
    """Present a code as this client (RFC 6749 §4.1.3). Raises NoUsableAnswer."""
    headers, ours = _CLIENT_AUTHENTICATION[settings.client_authentication](settings, secret)
    arguments = {"grant_type": "authorization_code", **members, **ours}
    request = fresh_client(settings.client_id).construct_Message(AccessTokenRequest, request_args=arguments)
    return http.post_form(token_endpoint, str(request.to_urlencoded()), headers)


def post_request(
    http: BoundedHttp, settings: PscSettings, secret: str, push_endpoint: str, query: str
) -> HttpAnswer:
    """Push the parameters of an authorization request (RFC 9126 §2.1). Raises NoUsableAnswer."""
    headers, ours = _CLIENT_AUTHENTICATION[settings.client_authentication](settings, secret)
    return http.post_form(push_endpoint, urlencode({**dict(parse_qsl(query)), **ours}), headers)


def reference_in(answer: HttpAnswer) -> str:
    """Returns the `request_uri` (RFC 9126 §2.2). Raises UpstreamFailed."""
    request_uri = _object_in("par", answer).get("request_uri")
    if not isinstance(request_uri, str) or not _REQUEST_URI.fullmatch(request_uri):
        raise refused(f"par: request_uri {shown(request_uri)}")
    return request_uri


def client_is_known(http: BoundedHttp, settings: PscSettings, redirect_uri: str, token_endpoint: str) -> str:
    """Returns the token endpoint's error for our client with an invented code, for `idp psc check`.

    "invalid_grant" means that it knows the client. Raises NoUsableAnswer.
    """
    headers, members = _CLIENT_AUTHENTICATION[settings.client_authentication](
        settings, settings.client_secret
    )
    form = {
        "grant_type": "authorization_code",
        "code": "check",
        "redirect_uri": redirect_uri,
        # RFC 7636 §4.5: who demands a verifier may look for it before it looks at the code.
        "code_verifier": "check" * 10,
        **members,
    }
    # RFC 6749 §4.1.3: the client is authenticated before the code is checked, so the error tells which one failed.
    return error_in(http.post_form(token_endpoint, urlencode(form), headers))


def _answer_of(step: str, call: Callable[[], HttpAnswer]) -> HttpAnswer:
    try:
        return call()
    except NoUsableAnswer as error:
        raise UpstreamUnavailable(f"{step}: {error}") from error


def _object_in(step: str, answer: HttpAnswer) -> Mapping[str, object]:
    try:
        document = answer.json()
    except NoUsableAnswer as error:
        raise UpstreamUnavailable(f"{step}: {error}") from error
    if not isinstance(document, dict):
        raise refused(f"{step}: not a JSON object")
    return document
