"""Contains the rules for what is shown: keys and certificates, tokens at /userinfo, /introspect and /revoke.

Not here: how tokens are got (`token_rules`).
"""

from idp.core.errors import OAuthError, Rule

_INVALID, _TOKEN = OAuthError.INVALID_REQUEST, OAuthError.INVALID_TOKEN

CERTIFICATE_MISSING = Rule(
    id="client_certificate_missing",
    error=_INVALID,
    description="a TLS client certificate is required (tls_client_certificate_bound_access_tokens)",
    cure="Call mtls_endpoint_aliases with the certificate.",
    clause="RFC 8705 §3",
    member="tls_client_certificate_bound_access_tokens",
)
CERTIFICATE_NOT_BELIEVED = Rule(
    id="client_certificate_not_believed",
    error=_INVALID,
    description="Client-Cert is believed from the configured proxy only",
    cure="Take the header away from what comes from outside, and set PROXY_SECRET in the proxy and here.",
    clause="RFC 9440 §4",
)
CERTIFICATE_UNREADABLE = Rule(
    id="client_certificate_unreadable",
    error=_INVALID,
    description="Client-Cert is not a certificate (RFC 9440)",
    cure="The proxy writes DER in base64 between colons.",
    clause="RFC 9440 §2.1",
)
PROOF_MISSING = Rule(
    id="dpop_proof_missing",
    error=OAuthError.INVALID_DPOP_PROOF,
    description="a DPoP proof is required (dpop_bound_access_tokens)",
    cure="Send a proof in the header DPoP.",
    clause="RFC 9449 §5",
    member="dpop_bound_access_tokens",
)
PROOF_REFUSED = Rule(
    id="dpop_proof_refused",
    error=OAuthError.INVALID_DPOP_PROOF,
    description="the DPoP proof is refused",
    cure="htm and htu are of this very request as discovery gives its address, iat is of now by our clock, jti is new, "
    "ath is the hash of the token at /userinfo; the description names what failed first.",
    clause="RFC 9449 §4.3",
)
PROOF_USED = Rule(
    id="dpop_proof_used",
    error=OAuthError.INVALID_DPOP_PROOF,
    description="the DPoP proof was used before",
    cure="Make a proof for each request.",
    clause="RFC 9449 §11.1",
)
NO_ENCRYPTION_KEY = Rule(
    id="encryption_key_missing",
    error=_INVALID,
    description="no public key of this client fits its id_token_encrypted_response_alg",
    cure="Publish a key of that type, without use or with use enc.",
    clause="Core §10.2",
    member="id_token_encrypted_response_alg",
)
TOKEN_PARAMETER_MISSING = Rule(
    id="token_missing",
    error=_INVALID,
    description="token is required",
    cure="Send the token in the form, as token.",
    clause="RFC 7662 §2.1",
)
ACCESS_TOKEN_MISSING = Rule(
    id="access_token_missing",
    error=_TOKEN,
    description="an access token is required: Authorization: Bearer",
    cure="Send the access token of the token answer; a proxy in front may have taken Authorization away.",
    clause="RFC 6750 §3.1",
)
ACCESS_TOKEN_MALFORMED = Rule(
    id="access_token_malformed",
    error=_INVALID,
    description="the access token is malformed, in two places, or in the query",
    cure="Send the access token once, in the header Authorization; an ID Token is none.",
    clause="RFC 6750 §2",
)
ACCESS_TOKEN_REFUSED = Rule(
    id="access_token_refused",
    error=_TOKEN,
    description="the access token is unknown, expired or revoked, or its person must sign in again",
    cure="Refresh, or send the person to /authorize; a token of another environment is unknown here.",
    clause="RFC 6750 §3.1",
)
ACCESS_TOKEN_SCHEME = Rule(
    id="access_token_scheme",
    error=_TOKEN,
    description="the access token is bound to a key and came as Bearer, or is not and came as DPoP",
    cure="Send it in the scheme that token_type of the token answer names.",
    clause="RFC 9449 §7.2",
    member="dpop_bound_access_tokens",
)
ACCESS_TOKEN_HOLDER = Rule(
    id="access_token_holder",
    error=_TOKEN,
    description="the key or certificate that the access token is bound to was not proved",
    cure="Prove the key of the token request; behind a proxy call the same origin with the certificate.",
    clause="RFC 8705 §3",
)
