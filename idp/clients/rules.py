"""Members of a client that must fit together, and the FAPI 2.0 profile.

Contains rules, each with what was expected and the member at which it is reported. `FAULTS` stop the start
(facts/security §1.5: a client that breaks its profile is a configuration error).
Not here: reading one member (`clients/values`), rules that depend on settings (`clients/operator_rules`), advice.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from idp.clients.client_secrets import MAKE_ONE
from idp.clients.located_yaml import At, BadYaml
from idp.clients.members import SECRET_MEMBERS, TLS_METHODS, TLS_SUBJECTS
from idp.clients.redirects import is_private_use
from idp.clients.scopes import OFFLINE_ACCESS, claims_of
from idp.clients.secret_conditions import has_guessed, secrets_of, takes_secret
from idp.interaction.assurance import LADDER

Values = Mapping[str, Any]

_METHOD = "token_endpoint_auth_method"
_OF_METHOD = (
    "expected `client_secret` with client_secret_basic or client_secret_post, another method without one"
)
_STRONG_METHODS = ("private_key_jwt", *TLS_METHODS)
#: FA7: PS256 and ES256, never PKCS#1 v1.5.
_FAPI_ALGS = ("PS256", "ES256", None)


class Unread(LookupError):
    """A value that was asked for has a fault of its own, or is missing: the rule says nothing."""


@dataclass(frozen=True, slots=True)
class ClientRule:
    """`member`: where the fault is reported, if it is in the file. `is_broken` takes all values of a client."""

    member: str
    expected: str
    is_broken: Callable[[Values], bool]


def _has_keys(values: Values) -> bool:
    return bool(values["jwks"] or values["jwks_uri"])


def _released(values: Values) -> set[str]:
    """Returns the claims that the client may receive."""
    of_scopes = set(claims_of(values["scopes"]))
    return of_scopes if values["claims"] is None else of_scopes & set(values["claims"])


def _origin(uri: str) -> tuple[str, str]:
    parts = urlsplit(uri)
    return parts.scheme, parts.netloc.lower()


def _needs_keys(values: Values) -> bool:
    """Whether the client signs, we encrypt to it, or its self-signed certificate is in its key set."""
    return (
        values[_METHOD] in ("private_key_jwt", "self_signed_tls_client_auth")
        or values["request_object_signing_alg"] is not None
        or values["id_token_encrypted_response_alg"] is not None
    )


def _fapi(member: str, expected: str, is_broken: Callable[[Values], bool]) -> ClientRule:
    """Returns a rule of the FAPI 2.0 Security Profile, for clients of that profile only."""
    return ClientRule(
        member, f"expected {expected} (profile fapi2)", lambda v: v["profile"] == "fapi2" and is_broken(v)
    )


FAULTS = (
    _fapi(_METHOD, f"one of {', '.join(_STRONG_METHODS)}", lambda v: v[_METHOD] not in _STRONG_METHODS),  # FA2
    *(
        _fapi(
            member,
            f"none: a key or a certificate proves this client, {', '.join(_STRONG_METHODS)}",
            lambda v, member=member: bool(secrets_of(v, (member,))),  # type: ignore[misc]
        )
        for member in SECRET_MEMBERS
    ),
    ClientRule(
        "client_secrets",
        "expected `client_secret` or `client_secrets`, not both",
        lambda v: bool(v["client_secret"] and v["client_secrets"]),
    ),
    ClientRule("client_secret", _OF_METHOD, lambda v: takes_secret(v) and not secrets_of(v)),
    *(
        ClientRule(
            member,
            _OF_METHOD,
            lambda v, member=member: not takes_secret(v) and bool(secrets_of(v, (member,))),  # type: ignore[misc]
        )
        for member in SECRET_MEMBERS
    ),
    *(
        ClientRule(
            member,
            "expected a secret drawn by lot, not nothing, a line end, the client_id or a word of an example; "
            f"{MAKE_ONE}",
            lambda v, member=member: has_guessed(v, member),  # type: ignore[misc]
        )
        for member in SECRET_MEMBERS
    ),
    ClientRule("jwks_uri", "expected `jwks` or `jwks_uri`, not both", lambda v: bool(v["jwks"] and v["jwks_uri"])),
    ClientRule(
        _METHOD,
        "expected also `jwks` or `jwks_uri`: the client's public keys",
        lambda v: _needs_keys(v) and not _has_keys(v),
    ),
    ClientRule(
        _METHOD,
        f"expected one of {', '.join(TLS_SUBJECTS)} for tls_client_auth, and none otherwise (RFC 8705 §2.1.2)",
        lambda v: (
            sum(v[name] is not None for name in TLS_SUBJECTS) != (1 if v[_METHOD] == "tls_client_auth" else 0)
        ),
    ),
    ClientRule(
        "redirect_uris",
        "expected at least one URI; none is for an API that only `introspects`",
        lambda v: not v["redirect_uris"] and not v["introspects"],
    ),
    ClientRule(
        "introspects",
        "expected another `token_endpoint_auth_method` than none: anybody could ask in its name (RFC 7662 §2.1)",
        lambda v: bool(v["introspects"]) and v[_METHOD] == "none",
    ),
    *(
        ClientRule(
            member,
            "expected an https URI (http only on loopback); other schemes are for `application_type: native`",
            lambda v, member=member: v["application_type"] == "web" and any(map(is_private_use, v[member])),  # type: ignore[misc]
        )
        for member in ("redirect_uris", "post_logout_redirect_uris")
    ),
    ClientRule(
        "application_type",
        "expected `token_endpoint_auth_method: none`: who has a native application has its secret (RFC 8252 §8.5)",
        lambda v: v["application_type"] == "native" and v[_METHOD] != "none",
    ),
    ClientRule(
        "allowed_origins",
        "expected `token_endpoint_auth_method: none`: a page in a browser keeps no secret",
        lambda v: bool(v["allowed_origins"]) and v[_METHOD] != "none",
    ),
    ClientRule(
        "frontchannel_logout_uri",
        "expected the scheme, host and port of one of `redirect_uris` (Front-Channel Logout §2)",
        lambda v: (
            v["frontchannel_logout_uri"] is not None
            and _origin(v["frontchannel_logout_uri"]) not in map(_origin, v["redirect_uris"])
        ),
    ),
    ClientRule(
        "grant_types",
        "expected also `authorization_code`: a refresh token comes from a code alone (RFC 7591 §2.1)",
        lambda v: "authorization_code" not in v["grant_types"],
    ),
    ClientRule(
        "claims",
        "expected claims of the client's own `scopes`: another one could never be released",
        lambda v: not set(v["claims"] or ()) <= set(claims_of(v["scopes"])),
    ),
    ClientRule(
        "id_token_claims",
        "expected claims of the client's own `scopes`, and of its `claims` where these stand: no other is released",
        lambda v: not set(v["id_token_claims"]) <= _released(v),
    ),
    ClientRule(
        "scopes",
        "expected `offline_access` with `grant_types: [authorization_code, refresh_token]` only (Core §11)",
        lambda v: OFFLINE_ACCESS in v["scopes"] and "refresh_token" not in v["grant_types"],
    ),
    ClientRule(
        "authenticators",
        "expected a door that reaches `minimum_acr`: nobody could enter",
        lambda v: not any(path[0] in v["authenticators"] for path in LADDER[v["minimum_acr"]]),
    ),
    ClientRule(
        "require_signed_request_object",
        "expected also `request_object_signing_alg`",
        lambda v: v["require_signed_request_object"] and v["request_object_signing_alg"] is None,
    ),
    ClientRule("pkce", "expected `required` for a public client (RFC 9700 §2.1.1)", lambda v: (
        v[_METHOD] == "none" and v["pkce"] != "required"
    )),
    # facts/security §1.5.
    _fapi("require_pushed_authorization_requests", "`true`", lambda v: (  # FA1
        not v["require_pushed_authorization_requests"]
    )),
    _fapi(  # FA3
        "dpop_bound_access_tokens",
        "`dpop_bound_access_tokens` or `tls_client_certificate_bound_access_tokens`",
        lambda v: not v["dpop_bound_access_tokens"] and not v["tls_client_certificate_bound_access_tokens"],
    ),
    _fapi("pkce", "`required`", lambda v: v["pkce"] != "required"),  # FA4
    *(  # FA7
        _fapi(member, "PS256 or ES256", lambda v, member=member: v[member] not in _FAPI_ALGS)  # type: ignore[misc]
        for member in (
            "id_token_signed_response_alg",
            "userinfo_signed_response_alg",
            "authorization_signed_response_alg",
            "request_object_signing_alg",
            "token_endpoint_auth_signing_alg",
        )
    ),
    _fapi("redirect_uris", "https", lambda v: (  # FAPI 2.0 §5.3.2.2
        not all(uri.startswith("https://") for uri in v["redirect_uris"])
    )),
)  # fmt: skip


def fault_of(rule: ClientRule, given: Mapping[str, At], client: At) -> BadYaml:
    """Returns the fault at its member, or at the client, which then names the member that is not there."""
    place = given.get(rule.member)
    return client.fail(f"`{rule.member}`: {rule.expected}") if place is None else place.fail(rule.expected)


def broken(rules: Iterable[ClientRule], values: Values) -> Iterator[ClientRule]:
    for rule in rules:
        try:
            is_broken = rule.is_broken(values)
        except Unread:
            continue
        if is_broken:
            yield rule
