"""Members of a client that must fit together, and the FAPI 2.0 profile.

Contains rules, each with what was expected and the member at which it is reported. `FAULTS` stop the start
(facts/security §1.5: a client that breaks its profile is a configuration error); `idp clients check` prints `ADVICE`.
Not here: reading one member (`clients/values`), rules that depend on settings (`clients/operator_rules`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from idp.clients.client_secrets import MAKE_ONE, is_guessed
from idp.clients.located_yaml import At, BadYaml
from idp.clients.members import SECRET_METHODS, TLS_METHODS, TLS_SUBJECTS
from idp.clients.reader import Shape
from idp.clients.scopes import claims_of
from idp.interaction.assurance import LADDER

Values = Mapping[str, Any]

_METHOD = "token_endpoint_auth_method"
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


@dataclass(frozen=True, slots=True)
class VisibleRule(ClientRule):
    """One that an editor sees too. `shape`: its JSON Schema (`clients/schema`), in terms of what is in the file."""

    shape: Shape


def _has_keys(values: Values) -> bool:
    return bool(values["jwks"] or values["jwks_uri"])


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


def _is(member: str, *values: object) -> Shape:
    return {"required": [member], "properties": {member: {"enum": list(values)}}}


def _if(condition: Shape, then: Shape) -> Shape:
    return {"if": condition, "then": then}


def _fapi(member: str, expected: str, is_broken: Callable[[Values], bool]) -> ClientRule:
    """Returns a rule of the FAPI 2.0 Security Profile, for clients of that profile only."""
    return ClientRule(
        member, f"expected {expected} (profile fapi2)", lambda v: v["profile"] == "fapi2" and is_broken(v)
    )


_HAS_KEYS: Shape = {"anyOf": [{"required": ["jwks"]}, {"required": ["jwks_uri"]}]}
_HAS_NONE_NAMED: Shape = {"not": {"anyOf": [{"required": [_METHOD]}, {"required": ["profile"]}]}}
_HAS_SECRET: Shape = {"required": ["client_secret"]}


FAULTS = (
    _fapi(_METHOD, f"one of {', '.join(_STRONG_METHODS)}", lambda v: v[_METHOD] not in _STRONG_METHODS),  # FA2
    _fapi(
        "client_secret",
        f"none: a key or a certificate proves this client, {', '.join(_STRONG_METHODS)}",
        lambda v: v["client_secret"] is not None,
    ),
    VisibleRule(
        "client_secret",
        "expected `client_secret` with client_secret_basic or client_secret_post, another method without one",
        lambda v: (v[_METHOD] in SECRET_METHODS) != (v["client_secret"] is not None),
        {
            "allOf": [
                _if({"anyOf": [_is(_METHOD, *SECRET_METHODS), _HAS_NONE_NAMED]}, _HAS_SECRET),
                _if(_is(_METHOD, *_STRONG_METHODS, "none"), {"not": _HAS_SECRET}),
                _if(_is("profile", "fapi2"), {"not": _HAS_SECRET}),
            ]
        },
    ),
    ClientRule(
        "client_secret",
        f"expected a secret drawn by lot, not nothing, a line end, the client_id or a word of an example; {MAKE_ONE}",
        lambda v: v["client_secret"] is not None and is_guessed(v["client_secret"], v["client_id"], v["client_name"]),
    ),
    VisibleRule(
        "jwks_uri",
        "expected `jwks` or `jwks_uri`, not both",
        lambda v: bool(v["jwks"] and v["jwks_uri"]),
        {"not": {"required": ["jwks", "jwks_uri"]}},
    ),
    VisibleRule(
        _METHOD,
        "expected also `jwks` or `jwks_uri`: the client's public keys",
        lambda v: _needs_keys(v) and not _has_keys(v),
        _if(
            {
                "anyOf": [
                    _is(_METHOD, "private_key_jwt", "self_signed_tls_client_auth"),
                    {"required": ["request_object_signing_alg"]},
                    {"required": ["id_token_encrypted_response_alg"]},
                ]
            },
            _HAS_KEYS,
        ),
    ),
    ClientRule(
        _METHOD,
        f"expected one of {', '.join(TLS_SUBJECTS)} for tls_client_auth, and none otherwise (RFC 8705 §2.1.2)",
        lambda v: (
            sum(v[name] is not None for name in TLS_SUBJECTS) != (1 if v[_METHOD] == "tls_client_auth" else 0)
        ),
    ),
    ClientRule(
        "frontchannel_logout_uri",
        "expected the scheme, host and port of one of `redirect_uris` (Front-Channel Logout §2)",
        lambda v: (
            v["frontchannel_logout_uri"] is not None
            and _origin(v["frontchannel_logout_uri"]) not in map(_origin, v["redirect_uris"])
        ),
    ),
    VisibleRule(
        "grant_types",
        "expected also `authorization_code`: a refresh token comes from a code alone (RFC 7591 §2.1)",
        lambda v: "authorization_code" not in v["grant_types"],
        {"properties": {"grant_types": {"contains": {"const": "authorization_code"}}}},
    ),
    ClientRule(
        "claims",
        "expected claims of the client's own `scopes`: another one could never be released",
        lambda v: not set(v["claims"] or ()) <= set(claims_of(v["scopes"])),
    ),
    ClientRule(
        "authenticators",
        "expected a door that reaches `minimum_acr`: nobody could enter",
        lambda v: not any(path[0] in v["authenticators"] for path in LADDER[v["minimum_acr"]]),
    ),
    VisibleRule(
        "require_signed_request_object",
        "expected also `request_object_signing_alg`",
        lambda v: v["require_signed_request_object"] and v["request_object_signing_alg"] is None,
        _if(_is("require_signed_request_object", True), {"required": ["request_object_signing_alg"]}),
    ),
    VisibleRule("pkce", "expected `required` for a public client (RFC 9700 §2.1.1)", lambda v: (
        v[_METHOD] == "none" and v["pkce"] == "optional"
    ), _if(_is(_METHOD, "none"), {"not": _is("pkce", "optional")})),
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

ADVICE = (
    ClientRule(
        "pkce",
        "better `required`: without PKCE a stolen code can be redeemed (RFC 9700 §2.1.1)",
        lambda v: v["pkce"] == "optional",
    ),
)


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
