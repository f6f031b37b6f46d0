"""Contains JSON and JWTs as answers to clients. Not here: what is in them."""

import json
from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Response

_NEVER_CACHED = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def json_response(
    value: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Returns a JSON answer, never cached (RFC 6749 §5.1)."""
    return Response(
        json.dumps(value),
        status=status,
        mimetype="application/json",
        headers={**_NEVER_CACHED, **(headers or {})},
    )


def jwt_response(token: str, headers: Mapping[str, str] | None = None) -> Response:
    """Returns a JWT as an answer (OpenID Connect Core §5.3.2), never cached."""
    return Response(token, mimetype="application/jwt", headers={**_NEVER_CACHED, **(headers or {})})


def unavailable_response() -> Response:
    value = {"error": "temporarily_unavailable", "error_description": "try again in a moment"}
    return json_response(value, 503, {"Retry-After": "10"})
