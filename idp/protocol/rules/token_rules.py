"""Contains the rules of /token; those that its form decides in their order (`CHECKS`, then those of the grant).

Not here: how a client proves itself (`client_rules`), keys and certificates, tokens that are used (`use_rules`).
"""

from idp.core.errors import OAuthError, Rule
from idp.protocol.rules.checks import Check

_INVALID, _GRANT = OAuthError.INVALID_REQUEST, OAuthError.INVALID_GRANT
GRANT_TYPES = ("authorization_code", "refresh_token")

#: RFC 6749 §5.2. One description for every reason: a thief does not learn which part of a stolen code was right.
REFUSED_CODE = (
    "the code is unknown, expired, used, or of another request (client_id, redirect_uri, code_verifier)"
)
_REFUSED_REFRESH = "the refresh token is unknown, expired, revoked, or belongs to another client"

GRANT_TYPE_MISSING = Rule(
    id="grant_type_missing",
    error=_INVALID,
    description="grant_type is required",
    cure="Send grant_type=authorization_code, or refresh_token, in the form.",
    clause="RFC 6749 §4.1.3",
)
GRANT_TYPE = Rule(
    id="grant_type_unsupported",
    error=OAuthError.UNSUPPORTED_GRANT_TYPE,
    description="the grant type is not supported; supported: authorization_code, refresh_token",
    cure="Use the authorization code flow: there are no passwords, devices nor applications of their own here.",
    clause="RFC 6749 §5.2",
)
GRANT_NOT_REGISTERED = Rule(
    id="grant_type_not_registered",
    error=OAuthError.UNAUTHORIZED_CLIENT,
    description="this client may not refresh: its grant_types in the registration lack refresh_token",
    cure="Add refresh_token to grant_types.",
    clause="RFC 6749 §5.2",
    member="grant_types",
)
CODE_MISSING = Rule(
    id="code_missing",
    error=_INVALID,
    description="code is required",
    cure="Send the code of the authorization response.",
    clause="RFC 6749 §4.1.3",
)
ADDRESS_MISSING = Rule(
    id="token_redirect_uri_missing",
    error=_INVALID,
    description="redirect_uri is required: the one of the authorization request",
    cure="Send redirect_uri again, as at /authorize.",
    clause="RFC 6749 §4.1.3",
)
REFRESH_TOKEN_MISSING = Rule(
    id="refresh_token_missing",
    error=_INVALID,
    description="refresh_token is required",
    cure="Send the refresh token of the last token answer.",
    clause="RFC 6749 §6",
)
CODE_UNKNOWN = Rule(
    id="code_unknown",
    error=_GRANT,
    description=REFUSED_CODE,
    truth="the code is unknown or expired",
    cure="Redeem the code at once: it is good for `CODE_LIFE`. A code of another environment is unknown here.",
    clause="RFC 6749 §4.1.2",
)
CODE_REUSED = Rule(
    id="code_used",
    error=_GRANT,
    description=REFUSED_CODE,
    truth="the code was redeemed before; its tokens are revoked",
    cure="Redeem a code once: a page loaded again, or a second worker, must not try it again.",
    clause="RFC 6749 §4.1.2",
)
CODE_REVOKED = Rule(
    id="code_revoked",
    error=_GRANT,
    description=REFUSED_CODE,
    truth="the person signed out before the code was used",
    cure="Send the person to /authorize again.",
    clause="RFC 6749 §4.1.2",
)
CODE_OF_OTHER_CLIENT = Rule(
    id="code_of_other_client",
    error=_GRANT,
    description=REFUSED_CODE,
    truth="the code was issued to another client",
    cure="Redeem the code as the client_id that asked for it.",
    clause="RFC 6749 §4.1.3",
)
CODE_OF_OTHER_ADDRESS = Rule(
    id="code_of_other_redirect_uri",
    error=_GRANT,
    description=REFUSED_CODE,
    truth="redirect_uri is not that of the authorization request",
    cure="Send the same redirect_uri at /authorize and at /token.",
    clause="RFC 6749 §4.1.3",
)
VERIFIER_MISSING = Rule(
    id="pkce_verifier_missing",
    error=_GRANT,
    description=REFUSED_CODE,
    truth="code_verifier is missing, while the code was asked for with a code_challenge",
    cure="Keep the verifier of the request in the session of the browser, and send it with the code.",
    clause="RFC 7636 §4.6",
    member="pkce",
)
VERIFIER_ALONE = Rule(
    id="pkce_verifier_without_challenge",
    error=_GRANT,
    description=REFUSED_CODE,
    truth="code_verifier came for a code that was asked for without code_challenge, or PKCE is required by now",
    cure="Send code_challenge at /authorize.",
    clause="RFC 9700 §4.8",
    member="pkce",
)
VERIFIER_WRONG = Rule(
    id="pkce_verifier_wrong",
    error=_GRANT,
    description=REFUSED_CODE,
    truth="code_verifier does not fit the code_challenge of the authorization request",
    cure="Send the verifier of this very request: two tabs of one browser need one each.",
    clause="RFC 7636 §4.6",
)
CODE_OF_OTHER_KEY = Rule(
    id="code_of_other_key",
    error=_GRANT,
    description=REFUSED_CODE,
    truth="the DPoP proof is of another key than dpop_jkt of the authorization request",
    cure="Keep the key until the code is redeemed.",
    clause="RFC 9449 §10",
)
#: What of a code's request is compared with that of the token.
ISSUED_TO = {"client_id": CODE_OF_OTHER_CLIENT, "redirect_uri": CODE_OF_OTHER_ADDRESS}
#: The rule of a verifier that does not fit, by whether there was a challenge and whether there is a verifier.
VERIFIER_OF = {
    (True, True): VERIFIER_WRONG,
    (True, False): VERIFIER_MISSING,
    (False, True): VERIFIER_ALONE,
    (False, False): VERIFIER_ALONE,
}
CODE_AT_GATE = Rule(
    id="code_refused_by_gate",
    error=_GRANT,
    description=REFUSED_CODE,
    truth="the person may not be signed in now: the audit trail has token:issue:refused with its reason",
    cure="Send the person to /authorize, where a page tells them.",
    clause="RFC 6749 §5.2",
)
REFRESH_UNKNOWN = Rule(
    id="refresh_token_unknown",
    error=_GRANT,
    description=_REFUSED_REFRESH,
    truth="the refresh token is unknown, or of a sign-in that was forgotten",
    cure="Send the person to /authorize.",
    clause="RFC 6749 §6",
)
REFRESH_OF_OTHER_CLIENT = Rule(
    id="refresh_token_of_other_client",
    error=_GRANT,
    description=_REFUSED_REFRESH,
    truth="the refresh token was issued to another client",
    cure="Refresh as the client_id that redeemed the code.",
    clause="RFC 6749 §6",
)
REFRESH_REUSED = Rule(
    id="refresh_token_used",
    error=_GRANT,
    description=_REFUSED_REFRESH,
    truth="an older refresh token of the family came back; the family is revoked",
    cure="A public client stores the new refresh token of each answer, and refreshes one request at a time; "
    "for REFRESH_GRACE it may repeat one whose answer was lost.",
    clause="RFC 9700 §4.14.2",
)
REFRESH_ENDED = Rule(
    id="refresh_token_ended",
    error=_GRANT,
    description=_REFUSED_REFRESH,
    truth="the session ended, or the refresh token was not used for too long",
    cure="Send the person to /authorize.",
    clause="RFC 6749 §6",
    member="refresh_token_idle",
)
REFRESH_OF_OTHER_KEY = Rule(
    id="refresh_token_of_other_key",
    error=_GRANT,
    description=_REFUSED_REFRESH,
    truth="the key or certificate that the refresh token is bound to was not proved",
    cure="A public client keeps its key as long as its refresh token.",
    clause="RFC 9449 §5",
)
SCOPE_NOT_GRANTED = Rule(
    id="scope_not_granted",
    error=OAuthError.INVALID_SCOPE,
    description="scope was not granted, or lacks openid: a refresh may only ask for less",
    cure="Leave scope out of the refresh.",
    clause="RFC 6749 §6",
    member="scopes",
)

#: Every rule that the form and the registration of its client decide.
CHECKS = (
    Check(GRANT_TYPE_MISSING, lambda asked: "grant_type" not in asked.parameters),
    Check(GRANT_TYPE, lambda asked: asked.parameters["grant_type"] not in GRANT_TYPES),
)
#: With the grant that the request names, once keys and certificates are known.
CODE_CHECKS = (
    Check(CODE_MISSING, lambda asked: "code" not in asked.parameters),
    Check(ADDRESS_MISSING, lambda asked: "redirect_uri" not in asked.parameters),
)
REFRESH_CHECKS = (Check(REFRESH_TOKEN_MISSING, lambda asked: "refresh_token" not in asked.parameters),)
