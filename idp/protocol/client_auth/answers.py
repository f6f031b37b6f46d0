"""Contains JSON and JWTs as answers to clients. Not here: what is in them."""

import json
from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Response

from idp.web.ready import ReadyResponse

_NEVER_CACHED = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
_JSON = (("Content-Type", "application/json"), *_NEVER_CACHED)
_JWT = (("Content-Type", "application/jwt"), *_NEVER_CACHED)
_NONE: Mapping[str, str] = {}


def json_response(
    value: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] = _NONE
) -> Response:
    """Returns a JSON answer, never cached (RFC 6749 §5.1)."""
    return ReadyResponse(status, (*_JSON, *headers.items()), json.dumps(value).encode())


def jwt_response(token: str, headers: Mapping[str, str] = _NONE) -> Response:
    """Returns a JWT as an answer (OpenID Connect Core §5.3.2), never cached."""
    return ReadyResponse(200, (*_JWT, *headers.items()), token.encode())


def unavailable_response() -> Response:
    value = {"error": "temporarily_unavailable", "error_description": "try again in a moment"}
    return json_response(value, 503, {"Retry-After": "10"})
