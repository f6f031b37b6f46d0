"""Reading an authorization request as PSC does (facts/psc §2).

Contains its checks: no redirect before client and redirect_uri are proved. Not here: pages, sessions.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from sandbox.psc.clients import Client
from sandbox.psc.switches import Switches

SCOPES = [
    "openid",
    "microprofile-jwt",
    "rpps",
    "referentiel",
    "web-origins",
    "basic",
    "identity",
    "acr",
    "offline_access",
    "eidas1",
    "profile",
    "roles",
    "email",
    "scope_all",
    "phone",
    "interop",
    "scope_1",
    "address",
    "scope_2",
    "eidas2",
]
_PROMPTS = frozenset({"none", "login", "consent", "select_account"})
_CHALLENGE = re.compile(r"[A-Za-z0-9\-._~]{43,128}", re.ASCII)  # RFC 7636 §4.2
_MAX_AGE = re.compile(r"[0-9]{1,9}", re.ASCII)


class UnsafeRequest(Exception):
    """Client or redirect_uri is not proved: a page, never a redirect. `reason`: a key of the words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RefusedRequest(Exception):
    """An OAuth error for the proved redirect_uri."""

    def __init__(self, redirect_uri: str, state: str, error: str, description: str) -> None:
        super().__init__(error)
        self.redirect_uri, self.state, self.error, self.description = (
            redirect_uri,
            state,
            error,
            description,
        )


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    client_id: str
    redirect_uri: str
    state: str
    nonce: str
    scopes: frozenset[str]
    prompts: frozenset[str]
    max_age: int | None
    code_challenge: str
    code_challenge_method: str
    #: `kc_idp_hint`; "": none.
    broker: str

    @property
    def is_silent(self) -> bool:
        return "none" in self.prompts

    def asks_login(self, auth_time: int, now: float) -> bool:
        """Whether the person must sign in again although there is a session of this age."""
        return "login" in self.prompts or (self.max_age is not None and now - auth_time > self.max_age)

    @property
    def granted_scope(self) -> str:
        """Returns the granted scope as real tokens have it since 2023 (facts/psc §2)."""
        return "openid profile scope_all identity" if "scope_all" in self.scopes else "openid profile"


def callback(redirect_uri: str, answer: Mapping[str, str]) -> str:
    """Returns the redirect_uri with the answer added to its query; empty values are left out."""
    query = urlencode({name: value for name, value in answer.items() if value})
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{query}"


def read_authorization(
    sent: MultiDict[str, str], clients: Mapping[str, Client], switches: Switches
) -> AuthorizationRequest:
    """Returns the request. Raises UnsafeRequest, and once the redirect_uri is proved RefusedRequest."""
    client = clients.get(_single(sent, "client_id"))
    if client is None:
        raise UnsafeRequest("unknown_client")
    redirect_uri = _single(sent, "redirect_uri")
    # Character for character, trailing slash included (facts/psc §2).
    if redirect_uri not in client.redirect_uris:
        raise UnsafeRequest("bad_redirect_uri")
    for check, error, description in _CHECKS:
        if not check(sent, switches):
            raise RefusedRequest(redirect_uri, sent.get("state", ""), error, description)
    max_age = sent.get("max_age")
    return AuthorizationRequest(
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        state=sent.get("state", ""),
        nonce=sent.get("nonce", ""),
        scopes=_words(sent, "scope"),
        prompts=_words(sent, "prompt"),
        max_age=int(max_age) if max_age else None,
        code_challenge=sent.get("code_challenge", ""),
        code_challenge_method=sent.get("code_challenge_method", "plain"),  # RFC 7636 §4.3
        broker=sent.get("kc_idp_hint", ""),
    )


def _single(sent: MultiDict[str, str], name: str) -> str:
    values = sent.getlist(name)
    return values[0] if len(values) == 1 else ""


def _words(sent: MultiDict[str, str], name: str) -> frozenset[str]:
    return frozenset(sent.get(name, "").split())


def _is_pkce_sound(sent: MultiDict[str, str], _: Switches) -> bool:
    challenge, method = sent.get("code_challenge"), sent.get("code_challenge_method")
    if challenge is None:
        return method is None
    return _CHALLENGE.fullmatch(challenge) is not None and method in (None, "plain", "S256")


def _is_prompt_sound(sent: MultiDict[str, str], _: Switches) -> bool:
    prompts = _words(sent, "prompt")
    return prompts <= _PROMPTS and ("none" not in prompts or len(prompts) == 1)


def _asks_eidas1(sent: MultiDict[str, str], switches: Switches) -> bool:
    return not switches.acr_values_required or "eidas1" in _words(sent, "acr_values")


_CHECKS: tuple[tuple[Callable[[MultiDict[str, str], Switches], bool], str, str], ...] = (
    # RFC 6749 §3.1: parameters MUST NOT be included more than once.
    (
        lambda sent, _: all(len(values) == 1 for _name, values in sent.lists()),
        "invalid_request",
        "duplicated parameter",
    ),
    (lambda sent, _: "response_type" in sent, "invalid_request", "Missing parameter: response_type"),
    (
        lambda sent, _: sent["response_type"] == "code",
        "unsupported_response_type",
        "Only the code flow is allowed",
    ),
    (
        lambda sent, _: sent.get("response_mode", "query") == "query",
        "invalid_request",
        "Invalid parameter: response_mode",
    ),
    (lambda sent, _: "request" not in sent, "request_not_supported", "Not supported by the simulator"),
    (
        lambda sent, _: "request_uri" not in sent,
        "request_uri_not_supported",
        "Not supported by the simulator",
    ),
    (
        lambda sent, _: "openid" in _words(sent, "scope") and _words(sent, "scope") <= set(SCOPES),
        "invalid_scope",
        "Invalid scopes",
    ),
    (_asks_eidas1, "invalid_request", "acr_values=eidas1 is required"),
    (_is_prompt_sound, "invalid_request", "Invalid parameter: prompt"),
    (
        lambda sent, _: "max_age" not in sent or _MAX_AGE.fullmatch(sent["max_age"]) is not None,
        "invalid_request",
        "Invalid parameter: max_age",
    ),
    (
        lambda sent, switches: not switches.max_age_refused or "max_age" not in sent,
        "invalid_request",
        "max_age is refused by the simulator",
    ),
    (_is_pkce_sound, "invalid_request", "Invalid parameter: code_challenge"),
)
