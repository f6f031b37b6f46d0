"""Contains the rules by which a client proves itself. What the caller reads depends on the request alone, never on
whether the client exists or how it is registered: nobody is proved yet. The operator reads the rule.

Not here: verifying (`client_auth`), counting what was guessed (`client_auth/guesses`).
"""

from idp.core.errors import OAuthError, Rule

_CLIENT = OAuthError.INVALID_CLIENT
#: One for all: it tells nothing of any client.
_REFUSED = "client authentication failed: unknown client, another method than the registered one, or wrong credentials"

TWO_METHODS = Rule(
    id="client_auth_two_methods",
    error=OAuthError.INVALID_REQUEST,
    description="one client authentication method per request: Authorization, client_secret or client_assertion",
    cure="Send the secret either as HTTP Basic or in the form, as token_endpoint_auth_method says.",
    clause="RFC 6749 §2.3",
    member="token_endpoint_auth_method",
)
NOT_NAMED = Rule(
    id="client_auth_missing",
    error=_CLIENT,
    description="client authentication failed: neither Authorization, client_id nor client_assertion names a client",
    cure="Switch client authentication on in the library; a proxy in front may have taken Authorization away.",
    clause="RFC 6749 §2.3",
)
BASIC_UNREADABLE = Rule(
    id="client_auth_basic_unreadable",
    error=_CLIENT,
    description="client authentication failed: Authorization must be Basic, with client_id:secret in base64",
    cure="Write both form-encoded, with a colon between them, then in base64; a Bearer token proves no client.",
    clause="RFC 6749 §2.3.1",
)
ASSERTION_UNREADABLE = Rule(
    id="client_assertion_unreadable",
    error=_CLIENT,
    description="client authentication failed: client_assertion is no signed JWT, or is missing beside its type",
    cure="Send the JWT that RFC 7523 §3 describes as client_assertion, and its type beside it.",
    clause="RFC 7521 §4.2",
)
OTHER_CLIENT_ID = Rule(
    id="client_id_differs",
    error=_CLIENT,
    description="client authentication failed: client_id of the form is not that of the credentials",
    cure="Leave client_id out of the form, or send the same.",
    clause="RFC 6749 §3.2.1",
)
UNKNOWN = Rule(
    id="client_auth_unknown_client",
    error=_CLIENT,
    description=_REFUSED,
    truth="no client of this client_id is registered",
    cure="Compare client_id with clients.yaml, letter by letter; `idp clients check` reads the file.",
    clause="RFC 6749 §5.2",
    member="client_id",
)
OTHER_METHOD = Rule(
    id="client_auth_method",
    error=_CLIENT,
    description=_REFUSED,
    truth="the client proved itself in another way than the registered one (`presented`, `registered`)",
    cure="Set the library to the registered method, or token_endpoint_auth_method to what the library does.",
    clause="Core §9",
    member="token_endpoint_auth_method",
)
METHOD_NOT_SERVED = Rule(
    id="client_auth_method_not_served",
    error=_CLIENT,
    description=_REFUSED,
    truth="this provider does not serve the registered method: no proxy passes client certificates on",
    cure="Set MTLS_ORIGIN and MTLS_AUTHORITY_FILES, or register another method.",
    clause="RFC 8705 §2",
    member="token_endpoint_auth_method",
)
WRONG_SECRET = Rule(
    id="client_secret_wrong",
    error=_CLIENT,
    description=_REFUSED,
    truth="the secret is not the registered one, or is none (`client_secret_too_weak` in the log)",
    cure="Compare where the secret of the application comes from with client_secret: a line end, quotes, an encoding "
    "(`+`, `%`) or the secret of another environment are usual. `idp clients secret` makes another.",
    clause="RFC 6749 §2.3.1",
    member="client_secret",
)
SECRET_OUTSIDE_ITS_DAYS = Rule(
    id="client_secret_outside_its_days",
    error=_CLIENT,
    description=_REFUSED,
    truth="the secret is registered, and not for today (`credential`, `days`)",
    cure="Give the application the secret that holds today, or move not_before and not_after.",
    clause="docs/adr/0054",
    member="client_secrets",
)
WRONG_ASSERTION = Rule(
    id="client_assertion_refused",
    error=_CLIENT,
    description=_REFUSED,
    truth="the assertion is not good; the line `client_assertion_refused` of the log names the part",
    cure="iss and sub are the client_id, aud our issuer as one string, exp at most 5 minutes ahead, jti new each time; "
    "signed by a key in jwks or jwks_uri.",
    clause="RFC 7523 §3",
    member="jwks",
)
WRONG_CERTIFICATE = Rule(
    id="client_certificate_refused",
    error=_CLIENT,
    description=_REFUSED,
    truth="no certificate came through the proxy, or not the registered one, or it is not in force",
    cure="Call mtls_endpoint_aliases with the certificate, and compare its name with the registered one.",
    clause="RFC 8705 §2",
    member="tls_client_auth_subject_dn",
)
PUBLIC_CLIENT = Rule(
    id="client_public",
    error=_CLIENT,
    description=_REFUSED,
    truth="a public client asked for what only one that proved itself may have",
    cure="Register the API that introspects as a client with a secret or a key of its own.",
    clause="RFC 7662 §2.1",
    member="token_endpoint_auth_method",
)
#: By registered method: what was wrong when the client proved itself in this way, and in vain.
WRONG_OF = {
    "client_secret_basic": WRONG_SECRET,
    "client_secret_post": WRONG_SECRET,
    "private_key_jwt": WRONG_ASSERTION,
    "tls_client_auth": WRONG_CERTIFICATE,
    "self_signed_tls_client_auth": WRONG_CERTIFICATE,
}
TOO_MANY_WRONG = Rule(
    id="client_auth_slowed",
    error=OAuthError.TEMPORARILY_UNAVAILABLE,
    description="too many failed client authentications from this network: try again later",
    cure="Wait for Retry-After, and correct the credentials of the application; other networks are not slowed.",
    clause="RFC 6749 §10.10",
)
