"""What each member of a client is for, and which way a change of it goes.

Contains a line and a judge for each of `clients/members`: editors show the line (`clients/schema`), `idp clients plan`
uses the judge. Not here: values and defaults.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from idp.clients.directions import (
    Judge,
    by_rank,
    given_loosens,
    given_tightens,
    longer_loosens,
    more_loosens,
    more_tightens,
    named_loosens,
    neither,
    true_tightens,
)
from idp.clients.members import SECRET_METHODS, TLS_METHODS, TLS_SUBJECTS
from idp.interaction.assurance import RANK
from idp.interaction.authenticator import Acr


@dataclass(frozen=True, slots=True)
class About:
    """`effect`: in a line, what is true of the client that has it."""

    effect: str
    judge: Judge = neither


#: RFC 9700 §2.5: a key or a certificate proves more than a secret.
_PROOFS: Mapping[str | None, int] = {
    "none": 0,
    # None: either of them.
    **dict.fromkeys((None, *SECRET_METHODS), 1),
    **dict.fromkeys(("private_key_jwt", *TLS_METHODS), 2),
}
_OPTIONAL_FIRST = {"optional": 0, "required": 1}

ABOUT: Mapping[str, About] = {
    "client_id": About("Who the client is, in every request."),
    "client_name": About("What people read on every page."),
    "client_uri": About("Where a page leads back to the application."),
    "logo": About("A square picture, shown beside its name in « Mon compte »."),
    "profile": About("Held to every rule of the FAPI 2.0 Security Profile.", given_tightens),
    "application_type": About(
        "`native`: on a person's own device; any port on loopback, private-use schemes (RFC 8252).",
        by_rank({"native": 0, "web": 1}),
    ),
    "redirect_uris": About("Where answers go: compared as strings.", more_loosens),
    "post_logout_redirect_uris": About("Where a person goes after signing out.", more_loosens),
    "frontchannel_logout_uri": About("Framed, with `iss` and `sid`, when the session ends."),
    "backchannel_logout_uri": About("Called with a logout token when the session ends."),
    "allowed_origins": About(
        "Origins whose pages may call for it; without it those of `redirect_uris`.", named_loosens
    ),
    "token_endpoint_auth_method": About(
        "How it proves itself; `none` is a public client; without it by its secret, as Basic or in the form.",
        by_rank(_PROOFS),
    ),
    "token_endpoint_auth_signing_alg": About("The only algorithm of its assertions.", given_tightens),
    "client_secret": About("Its secret, by reference: `idp clients secret` makes one."),
    "client_secrets": About("Two secrets at once, each with its days: the present one, and the next."),
    "jwks": About("Its public keys, here or in a file."),
    "jwks_uri": About("Where its public keys are fetched."),
    **dict.fromkeys(TLS_SUBJECTS, About("The name in its certificate, for `tls_client_auth`.")),
    "grant_types": About("`refresh_token` gives it refresh tokens.", more_loosens),
    "scopes": About("What it may ask for; others are not granted.", more_loosens),
    "claims": About(
        "The only claims that it may get, beside `sub`; without it all of its scopes.", more_loosens
    ),
    "id_token_claims": About("Claims that stand in its ID Tokens too.", more_loosens),
    "introspects": About("The clients whose access tokens are shown to it, an API.", more_loosens),
    "pkce": About(
        "`optional`: a request without `code_challenge` passes; `or_nonce`: one with a nonce does.",
        by_rank({"optional": 0, "or_nonce": 1, "required": 2}),
    ),
    "nonce": About("`required`: a request without `nonce` is refused.", by_rank(_OPTIONAL_FIRST)),
    "require_pushed_authorization_requests": About("Requests come by `/par` only.", true_tightens),
    "request_object_signing_alg": About(
        "The algorithm of its signed requests; without it they are refused.", given_loosens
    ),
    "require_signed_request_object": About("Plain requests are refused.", true_tightens),
    "id_token_signed_response_alg": About("How its ID and logout tokens are signed."),
    "id_token_encrypted_response_alg": About("ID Tokens are encrypted to a key of its own.", given_tightens),
    "id_token_encrypted_response_enc": About("… with this content encryption."),
    "userinfo_signed_response_alg": About("Userinfo is a signed JWT.", given_tightens),
    "authorization_signed_response_alg": About("How answers asked for by `response_mode=jwt` are signed."),
    "session_state_in_token_response": About("The token answer has `session_state`, equal to `sid`."),
    "dpop_bound_access_tokens": About("No token without a DPoP proof.", true_tightens),
    "tls_client_certificate_bound_access_tokens": About("No token without its certificate.", true_tightens),
    "access_token_life": About("Seconds; without it the setting's.", longer_loosens),
    "id_token_life": About("Seconds; without it the setting's.", longer_loosens),
    "refresh_token_idle": About(
        "Seconds a refresh token may lie unused; without it the setting's.", longer_loosens
    ),
    "refresh_grace": About(
        "Seconds in which a refresh token that was used answers once more, for a lost answer.", longer_loosens
    ),
    "sector_identifier": About("A `sub` of this sector's own; without it the public one."),
    "minimum_acr": About("The least assurance.", by_rank({acr: RANK[acr] for acr in Acr})),
    "authenticators": About("The doors open to it: what came by another counts for nothing.", more_loosens),
    "charters": About("Terms that its people accept, beside those of this service.", more_tightens),
    "psc_idp_hint": About(
        "The identity provider of Pro Santé Connect to which its people are sent straight."
    ),
}
