"""Contains where a request has its access token: in one place, never the query (RFC 6750 §2, RFC 9700 §4.3.2).

Not here: what the token opens (`engine/grants`).
"""

import re
from dataclasses import dataclass
from typing import Literal

from werkzeug.wrappers import Request

#: RFC 6750 §2.1: b64token. Ours are shorter.
_TOKEN = r"[A-Za-z0-9._~+/-]+=*"
_MAX_LENGTH = 200
_FORM = "application/x-www-form-urlencoded"

Scheme = Literal["Bearer", "DPoP"]
_SCHEMES: dict[str, Scheme] = {"bearer": "Bearer", "dpop": "DPoP"}


class NoToken(Exception):
    """The request has no token in any place where one may be, or an `Authorization` of a scheme that carries none."""


class MalformedToken(Exception):
    """The token is in two places, or is not written as a token is."""


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """`scheme`: "DPoP" announces a proof beside it (RFC 9449 §7.1)."""

    scheme: Scheme
    value: str


def read_token(request: Request) -> PresentedToken:
    """Returns the token of the Authorization header, or of the form of a POST. Raises NoToken, MalformedToken."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    # RFC 6750 §3.1: another scheme (`Basic`) carries no token of ours, and is told which do.
    in_header = scheme.lower() in _SCHEMES
    in_form = _in_form(request)
    places = in_header + len(in_form) + ("access_token" in request.args)
    if places > 1:
        raise MalformedToken
    if in_form:
        return PresentedToken("Bearer", _well_formed(in_form[0]))
    if not in_header:
        raise NoToken
    return PresentedToken(_SCHEMES[scheme.lower()], _well_formed(value.lstrip(" ")))


def _in_form(request: Request) -> list[str]:
    """Returns the tokens in the form (RFC 6750 §2.2: single-part, and a method whose body has a meaning)."""
    is_form = request.method == "POST" and request.mimetype == _FORM
    return request.form.getlist("access_token") if is_form else []


def _well_formed(value: str) -> str:
    if len(value) > _MAX_LENGTH or not re.fullmatch(_TOKEN, value):
        raise MalformedToken
    return value
