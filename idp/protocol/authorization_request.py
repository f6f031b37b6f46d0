"""What a relying party asks at /authorize: read, proved, and made single-valued. Decides nothing about the person."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from pyop.exceptions import InvalidAuthenticationRequest
from werkzeug.datastructures import MultiDict

from idp.clients import Client, ClientFile
from idp.errors import OAuthError, Problem, Returned, Shown
from idp.interaction.assurance import RANK
from idp.interaction.record import Acr
from idp.protocol.claims_request import ClaimsRequest, read_claims_request
from idp.protocol.id_token_hint import BadHint
from idp.protocol.provider import OpenIDProvider
from idp.web import single_valued, with_query

#: Handed to the engine. Everything else is ours to judge (`prompt`) or ignored (RFC 6749 §3.1).
_FOR_ENGINE = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "max_age",
    "ui_locales",
    "acr_values",
    "display",
    "response_mode",
    "code_challenge",
    "code_challenge_method",
)
#: Kept beside it, and judged by us: they must never reach the engine.
_OURS = ("prompt", "claims", "login_hint")
#: OpenID Connect Core §3.1.2.6: refused with codes of their own.
_NOT_SUPPORTED = {
    "request": OAuthError.REQUEST_NOT_SUPPORTED,
    "request_uri": OAuthError.REQUEST_URI_NOT_SUPPORTED,
    "registration": OAuthError.REGISTRATION_NOT_SUPPORTED,
}
_PROMPTS = frozenset({"none", "login", "consent", "select_account"})


class AuthorizationError(Returned):
    """An error for a proved client at its proved redirect_uri, with its `state`."""

    def __init__(self, error: OAuthError, description: str, *, redirect_uri: str, state: str | None) -> None:
        super().__init__(error, description)
        self.redirect_uri = redirect_uri
        self.state = state


def answer_url(redirect_uri: str, parameters: Mapping[str, str], *, state: str | None, issuer: str) -> str:
    """RFC 6749 §4.1.2, and `iss` in every success and error (RFC 9207 §2)."""
    answer = {**parameters, "iss": issuer}
    if state is not None:
        answer["state"] = state
    return with_query(redirect_uri, answer)


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """Verified. `parameters` is what the Interaction keeps; `scopes` is cut to the client's."""

    client: Client
    parameters: Mapping[str, str]
    prompts: frozenset[str]
    max_age: int | None
    needed: Acr
    claims: ClaimsRequest
    #: The `sub` that a hint or `claims` names.
    subject: str | None

    @property
    def is_silent(self) -> bool:
        return "none" in self.prompts

    @property
    def wants_login(self) -> bool:
        """`select_account` as well: choosing another account means signing in with it."""
        return bool(self.prompts & {"login", "select_account"})


def _prove_client(values: "MultiDict[str, str]", clients: ClientFile) -> tuple[Client, str]:
    """RFC 6749 §4.1.2.1: client and redirect_uri before anything else; a fault here is a page, never a redirect."""
    client_ids, redirect_uris = values.getlist("client_id"), values.getlist("redirect_uri")
    client = clients.get(client_ids[0]) if len(client_ids) == 1 else None
    if client is None:
        raise Shown(Problem.UNKNOWN_CLIENT, "unknown client_id")
    # RFC 9700 §2.1: exact string comparison.
    if len(redirect_uris) != 1 or redirect_uris[0] not in client.redirect_uris:
        raise Shown(Problem.UNKNOWN_CLIENT, "redirect_uri not registered")
    return client, redirect_uris[0]


def _needed(client: Client, acr_values: str) -> Acr:
    """`acr_values` is a wish (Core §3.1.2.1): the first value we know, never below the client's minimum."""
    known = {str(acr): acr for acr in Acr}
    wished = next((known[value] for value in acr_values.split() if value in known), Acr.PWD_OTP)
    return max(client.minimum_acr, wished, key=lambda acr: RANK[acr])


def _prompts(text: str | None) -> frozenset[str]:
    prompts = frozenset((text or "").split())
    if not prompts <= _PROMPTS:
        raise Returned(OAuthError.INVALID_REQUEST, "unknown prompt value")
    if "none" in prompts and len(prompts) > 1:
        # Core §3.1.2.1.
        raise Returned(OAuthError.INVALID_REQUEST, "prompt none must stand alone")
    return prompts


def _verify(
    values: "MultiDict[str, str]", client: Client, engine: OpenIDProvider, limit: int
) -> AuthorizationRequest:
    try:
        parameters = single_valued(values, limit)
    except ValueError as error:
        raise Returned(OAuthError.INVALID_REQUEST, str(error)) from error
    if sum(len(value) for value in parameters.values()) > 2 * limit:
        raise Returned(OAuthError.INVALID_REQUEST, "the request is too long")
    for name, error_code in _NOT_SUPPORTED.items():
        if name in parameters:
            raise Returned(error_code, f"{name} is not supported")
    if any(ord(character) < 0x20 or ord(character) > 0x7E for character in parameters.get("state", "")):
        # RFC 6749 appendix A.5: state = 1*VSCHAR.
        raise Returned(OAuthError.INVALID_REQUEST, "state has characters outside VSCHAR")
    if parameters.get("response_type", "code") != "code":
        raise Returned(OAuthError.UNSUPPORTED_RESPONSE_TYPE, "only response_type code is supported")
    asked = parameters.get("scope", "").split()
    parameters["scope"] = " ".join(scope for scope in client.scopes if scope in asked)
    if "openid" not in asked:
        raise Returned(OAuthError.INVALID_SCOPE, "scope openid is required")
    prompts = _prompts(parameters.get("prompt"))
    claims = read_claims_request(parameters.get("claims"), client)
    request = _parse_by_engine(parameters, engine)
    ours = {name: parameters[name] for name in _OURS if parameters.get(name)}
    return AuthorizationRequest(
        client=client,
        parameters={**request, **ours},
        prompts=prompts,
        max_age=int(request["max_age"]) if "max_age" in request else None,
        needed=_needed(client, parameters.get("acr_values", "")),
        claims=claims,
        subject=_subject(parameters, claims, client, engine),
    )


def _subject(
    parameters: Mapping[str, str], claims: ClaimsRequest, client: Client, engine: OpenIDProvider
) -> str | None:
    """Whom the relying party expects. Raises Returned."""
    hint = parameters.get("id_token_hint")
    if not hint:
        return claims.subject
    try:
        found = engine.read_hint(hint)
    except BadHint as error:
        raise Returned(OAuthError.INVALID_REQUEST, "id_token_hint is not an ID Token of ours") from error
    # The `sub` of another client may be of another sector.
    if found.client_id != client.client_id or claims.subject not in (None, found.subject):
        raise Returned(OAuthError.INVALID_REQUEST, "id_token_hint was not issued to this client")
    return found.subject


def for_engine(parameters: Mapping[str, str]) -> dict[str, str]:
    """What pyop may see of a request."""
    return {name: parameters[name] for name in _FOR_ENGINE if parameters.get(name)}


def _parse_by_engine(parameters: Mapping[str, str], engine: OpenIDProvider) -> dict[str, str]:
    """pyop's parse and validators; whatever it raises becomes one OAuth error (design §7)."""
    passed = for_engine(parameters)
    try:
        engine.parse_authentication_request(urlencode(passed))
    except InvalidAuthenticationRequest as error:
        code = OAuthError(error.oauth_error or "invalid_request")
        raise Returned(code, "the request misses a parameter or has a malformed one") from error
    except Exception as error:
        raise Returned(OAuthError.INVALID_REQUEST, "the request is malformed") from error
    return passed


def read_authorization_request(
    values: "MultiDict[str, str]", clients: ClientFile, engine: OpenIDProvider, limit: int
) -> AuthorizationRequest:
    """Raises Shown before the client is proved, AuthorizationError after."""
    client, redirect_uri = _prove_client(values, clients)
    states = values.getlist("state")
    state = states[0] if len(states) == 1 and len(states[0]) <= limit else None
    try:
        return _verify(values, client, engine, limit)
    except Returned as error:
        raise AuthorizationError(
            error.error, error.description, redirect_uri=redirect_uri, state=state
        ) from error
