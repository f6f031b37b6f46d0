"""Contains the rules of PKCE at /authorize and /par, in their order (RFC 7636): S256 only, and where it may be absent.

Not here: the verifier (`token_rules`).
"""

from idp.core.errors import OAuthError, Rule
from idp.core.octets import is_b64u
from idp.protocol.rules.checks import Asked, Check, text

_SHA256_OCTETS = 32
_INVALID = OAuthError.INVALID_REQUEST

CHALLENGE_MISSING = Rule(
    id="pkce_missing",
    error=_INVALID,
    description="code_challenge is missing: the registration of this client requires PKCE with S256 (pkce: required)",
    cure="Switch PKCE on in the library, with the method S256. Only for one that has none: `pkce: optional`.",
    clause="RFC 7636 §4.4.1",
    member="pkce",
)
CHALLENGE_OR_NONCE = Rule(
    id="pkce_and_nonce_missing",
    error=_INVALID,
    description="code_challenge is missing, and so is nonce: the registration asks for one of them (pkce: or_nonce)",
    cure="Switch PKCE on in the library, with the method S256, or let it send a nonce.",
    clause="RFC 9700 §2.1.1",
    member="pkce",
)
CHALLENGE_ALONE = Rule(
    id="pkce_challenge_missing",
    error=_INVALID,
    description="code_challenge is missing beside code_challenge_method",
    cure="Send both, or neither.",
    clause="RFC 7636 §4.3",
)
CHALLENGE_METHOD_MISSING = Rule(
    id="pkce_method_missing",
    error=_INVALID,
    description="code_challenge_method is missing, which means plain: only S256 is accepted",
    cure="Send code_challenge_method=S256.",
    clause="RFC 7636 §4.3",
)
CHALLENGE_METHOD = Rule(
    id="pkce_method",
    error=_INVALID,
    description="code_challenge_method must be S256",
    cure="Set the method of PKCE to S256, in a capital letter.",
    clause="RFC 7636 §4.2",
)
CHALLENGE_FORM = Rule(
    id="pkce_challenge_malformed",
    error=_INVALID,
    description="code_challenge must be a SHA-256 in base64url without padding: 43 characters",
    cure="BASE64URL(SHA256(ASCII(code_verifier))): the digest itself, not its hexadecimal digits, and no `=`.",
    clause="RFC 7636 §4.2",
)


def _uses_pkce(asked: Asked) -> bool:
    # facts/security AZ4: where PKCE may be absent, one of its parameters alone is no way around S256.
    return bool(text(asked, "code_challenge") or text(asked, "code_challenge_method"))


def _needs_pkce(asked: Asked) -> bool:
    return asked.client.needs_pkce(asked.parameters.get("nonce"))


PKCE_CHECKS = (
    Check(CHALLENGE_MISSING, lambda asked: asked.client.pkce == "required" and not _uses_pkce(asked)),
    Check(CHALLENGE_OR_NONCE, lambda asked: _needs_pkce(asked) and not _uses_pkce(asked)),
    Check(CHALLENGE_ALONE, lambda asked: _uses_pkce(asked) and not text(asked, "code_challenge")),
    Check(
        CHALLENGE_METHOD_MISSING,
        lambda asked: _uses_pkce(asked) and not text(asked, "code_challenge_method"),
    ),
    Check(
        CHALLENGE_METHOD, lambda asked: _uses_pkce(asked) and text(asked, "code_challenge_method") != "S256"
    ),
    Check(
        CHALLENGE_FORM,
        lambda asked: _uses_pkce(asked) and not is_b64u(text(asked, "code_challenge"), _SHA256_OCTETS),
    ),
)
