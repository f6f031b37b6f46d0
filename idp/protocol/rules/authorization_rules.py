"""Contains the rules of /authorize and /par, in the order in which they are asked (`CHECKS`).

Not here: those that a signature, a key or a store decides; they are told by `request_rules`.
"""

import re
from collections.abc import Callable

from idp.core.errors import ClientError, OAuthError, Rule
from idp.core.octets import is_b64u
from idp.protocol.authorization.authorization_response import RESPONSE_MODES
from idp.protocol.claims.claims_request import CLAIMS_MALFORMED, ESSENTIAL_ACR_UNKNOWN, read_claims_request
from idp.protocol.rules.checks import Asked, Check, text
from idp.protocol.rules.pkce_rules import PKCE_CHECKS

_SHA256_OCTETS = 32
_PROMPTS = frozenset({"none", "login", "consent", "select_account"})
#: Core §3.1.2.1.
_DISPLAYS = frozenset({"page", "popup", "touch", "wap"})
_INVALID = OAuthError.INVALID_REQUEST

MUST_BE_PUSHED = Rule(
    id="request_not_pushed",
    error=_INVALID,
    description="this client must push its requests to /par (require_pushed_authorization_requests, RFC 9126)",
    cure="Send the request to /par, then client_id and request_uri alone to /authorize.",
    clause="RFC 9126 §5",
    member="require_pushed_authorization_requests",
)
MUST_BE_SIGNED = Rule(
    id="request_not_signed",
    error=_INVALID,
    description="this client must sign its requests (require_signed_request_object, RFC 9101)",
    cure="Send the parameters in a signed `request`.",
    clause="RFC 9101 §10.5",
    member="require_signed_request_object",
)
REQUEST_OBJECT = Rule(
    id="request_not_supported",
    error=OAuthError.REQUEST_NOT_SUPPORTED,
    description="request objects need a request_object_signing_alg in the registration of this client",
    cure="Register the algorithm in which the application signs its requests, or leave `request` out.",
    clause="Core §3.1.2.6",
    member="request_object_signing_alg",
)
REQUEST_URI = Rule(
    id="request_uri_not_supported",
    error=OAuthError.REQUEST_URI_NOT_SUPPORTED,
    description="request_uri is not supported but for a reference that /par gave: no address is fetched",
    cure="Push the request to /par, or send it as `request`.",
    clause="Core §3.1.2.6",
)
REGISTRATION = Rule(
    id="registration_not_supported",
    error=OAuthError.REGISTRATION_NOT_SUPPORTED,
    description="registration is not supported: clients are registered by the operator",
    cure="Leave `registration` out.",
    clause="Core §3.1.2.6",
)
STATE_CHARACTERS = Rule(
    id="state_characters",
    error=_INVALID,
    description="state has characters outside VSCHAR (printable ASCII)",
    cure="Use letters, digits and signs of ASCII, such as base64url.",
    clause="RFC 6749 appendix A.5",
)
MAX_AGE = Rule(
    id="max_age_malformed",
    error=_INVALID,
    description="max_age must be a whole number of seconds, in decimal digits",
    cure="Send digits alone: neither sign, point nor space.",
    clause="Core §3.1.2.1",
)
RESPONSE_MODE = Rule(
    id="response_mode_unknown",
    error=_INVALID,
    description=f"response_mode is not supported; supported: {', '.join(RESPONSE_MODES)}",
    cure="Leave response_mode out, or send form_post: fragment is refused, as scripts of a page can read it.",
    clause="OAuth 2.0 Multiple Response Type Encoding Practices §2.1",
)
RESPONSE_TYPE_MISSING = Rule(
    id="response_type_missing",
    error=_INVALID,
    description="response_type is missing: send response_type=code",
    cure="Send response_type=code.",
    clause="RFC 6749 §3.1.1",
)
RESPONSE_TYPE = Rule(
    id="response_type_unsupported",
    error=OAuthError.UNSUPPORTED_RESPONSE_TYPE,
    description="only response_type code is supported: neither the implicit nor the hybrid flow",
    cure="Set the library to the authorization code flow.",
    clause="RFC 9700 §2.1.2",
)
OPENID_SCOPE = Rule(
    id="scope_openid_missing",
    error=OAuthError.INVALID_SCOPE,
    description="scope must contain openid",
    cure="Add openid to the scopes that the application asks for.",
    clause="Core §3.1.2.1",
)
NONCE = Rule(
    id="nonce_missing",
    error=_INVALID,
    description="nonce is missing: the registration of this client requires it (nonce: required)",
    cure="Send a nonce, and compare it with that of the ID Token.",
    clause="Core §15.5.2",
    member="nonce",
)
PROMPT = Rule(
    id="prompt_unknown",
    error=_INVALID,
    description="unknown prompt value; known: none, login, consent, select_account",
    cure="Send one of them, in small letters.",
    clause="Core §3.1.2.1",
)
PROMPT_NONE = Rule(
    id="prompt_none_not_alone",
    error=_INVALID,
    description="prompt none must stand alone",
    cure="Send `none` without another value.",
    clause="Core §3.1.2.1",
)
DISPLAY = Rule(
    id="display_unknown",
    error=_INVALID,
    description="unknown display value; known: page, popup, touch, wap",
    cure="Leave display out: the pages fit every screen.",
    clause="Core §3.1.2.1",
)
ANNOUNCED_KEY = Rule(
    id="dpop_jkt_malformed",
    error=_INVALID,
    description="dpop_jkt must be a SHA-256 thumbprint in base64url without padding: 43 characters",
    cure="Send the thumbprint of RFC 7638 of the key that the DPoP proofs are signed with.",
    clause="RFC 9449 §10",
)


def _has(name: str) -> Callable[[Asked], bool]:
    return lambda asked: name in asked.parameters


def _scopes(asked: Asked) -> list[str]:
    return text(asked, "scope").split()


def _prompts(asked: Asked) -> list[str]:
    return text(asked, "prompt").split()


def _breaks_claims(rule: Rule) -> Callable[[Asked], bool]:
    def is_broken(asked: Asked) -> bool:
        claims = asked.parameters.get("claims")
        try:
            return claims is not None and read_claims_request(claims, asked.client) is None
        except ClientError as error:
            return error.rule is rule

    return is_broken


#: Every rule that the parameters of a request and the registration of its client decide.
CHECKS = (
    Check(MUST_BE_PUSHED, lambda asked: asked.client.requires_pushed_requests and not asked.is_pushed),
    Check(MUST_BE_SIGNED, lambda asked: asked.client.requires_signed_requests and not asked.is_signed),
    # One that was opened is not among the parameters any more.
    Check(REQUEST_OBJECT, _has("request")),
    Check(REQUEST_URI, _has("request_uri")),
    Check(REGISTRATION, _has("registration")),
    Check(STATE_CHARACTERS, lambda asked: not re.fullmatch(r"[ -~]*", text(asked, "state"))),
    # int() would also read digits of other scripts, `1_0` and `+5`.
    Check(MAX_AGE, lambda asked: not re.fullmatch(r"[0-9]+", asked.parameters.get("max_age", "0"))),
    Check(RESPONSE_MODE, lambda asked: asked.parameters.get("response_mode", "query") not in RESPONSE_MODES),
    Check(RESPONSE_TYPE_MISSING, lambda asked: not text(asked, "response_type")),
    Check(RESPONSE_TYPE, lambda asked: text(asked, "response_type") != "code"),
    # facts/security AZ14: unknown scopes, and those of other clients, are ignored.
    Check(OPENID_SCOPE, lambda asked: "openid" not in _scopes(asked)),
    Check(NONCE, lambda asked: asked.client.nonce == "required" and not text(asked, "nonce")),
    Check(PROMPT, lambda asked: not _PROMPTS.issuperset(_prompts(asked))),
    Check(PROMPT_NONE, lambda asked: "none" in _prompts(asked) and len(set(_prompts(asked))) > 1),
    Check(CLAIMS_MALFORMED, _breaks_claims(CLAIMS_MALFORMED)),
    Check(ESSENTIAL_ACR_UNKNOWN, _breaks_claims(ESSENTIAL_ACR_UNKNOWN)),
    Check(DISPLAY, lambda asked: not _DISPLAYS.issuperset({text(asked, "display") or "page"})),
    *PKCE_CHECKS,
    Check(
        ANNOUNCED_KEY,
        lambda asked: (
            "dpop_jkt" in asked.parameters and not is_b64u(asked.parameters["dpop_jkt"], _SHA256_OCTETS)
        ),
    ),
)
