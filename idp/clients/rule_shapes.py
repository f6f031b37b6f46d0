"""What an editor can see of members that must fit together, as JSON Schemas of what is in the file.

Contains some of `clients/rules`, in other terms: the broken files of the tests are held before both. Not here: the
rules themselves, the schema of one member (`clients/reader`).
"""

from idp.clients.members import SECRET_MEMBERS, SECRET_METHODS, TLS_METHODS
from idp.clients.reader import Shape

_METHOD = "token_endpoint_auth_method"


def _is(member: str, *values: object) -> Shape:
    return {"required": [member], "properties": {member: {"enum": list(values)}}}


def _has(*members: str) -> Shape:
    return {"anyOf": [{"required": [member]} for member in members]}


def _if(condition: Shape, then: Shape) -> Shape:
    return {"if": condition, "then": then}


SHAPES: tuple[Shape, ...] = (
    _if({"anyOf": [_is(_METHOD, *SECRET_METHODS), {"not": _has(_METHOD, "profile")}]}, _has(*SECRET_MEMBERS)),
    _if(_is(_METHOD, "private_key_jwt", *TLS_METHODS, "none"), {"not": _has(*SECRET_MEMBERS)}),
    _if(_is("profile", "fapi2"), {"not": _has(*SECRET_MEMBERS)}),
    {"not": {"required": list(SECRET_MEMBERS)}},
    {"not": {"required": ["jwks", "jwks_uri"]}},
    _if(
        {
            "anyOf": [
                _is(_METHOD, "private_key_jwt", "self_signed_tls_client_auth"),
                _has("request_object_signing_alg", "id_token_encrypted_response_alg"),
            ]
        },
        _has("jwks", "jwks_uri"),
    ),
    _if({"not": _has("introspects")}, {"properties": {"redirect_uris": {"minItems": 1}}}),
    _if(_is("application_type", "native"), _is(_METHOD, "none")),
    {"properties": {"grant_types": {"contains": {"const": "authorization_code"}}}},
    _if(_is("require_signed_request_object", True), {"required": ["request_object_signing_alg"]}),
    _if(_is(_METHOD, "none"), {"properties": {"pkce": {"const": "required"}}}),
)
