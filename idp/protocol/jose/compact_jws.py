"""The form of a compact JWS, before any of it is believed (RFC 7515 §7.1, RFC 8725 §3, facts/security JW4, JW7).

Contains its size and letters, JSON that can be read in one way only, no extension. Not here: keys, claims.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from idp.core.octets import NotOctets, b64u_octets

MAX_BYTES = 16 * 1024

# Three parts: five would be a JWE, and no client encrypts to us. Checked first: base64 decoders skip letters that they
# do not know.
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
# RFC 7515 §4.1.11: we understand no extension. `enc` and `zip` are for JWEs only.
_NOT_UNDERSTOOD = frozenset({"crit", "b64", "enc", "zip"})


class Malformed(ValueError):
    """Names what is wrong, and nothing that was in the token."""


def read_header(token: str) -> Mapping[str, Any]:
    """Returns the protected header; no caller may follow `jku`, `x5u`, `jwk`, `x5c` in it (JW4). Raises Malformed."""
    if len(token) > MAX_BYTES or not _COMPACT.fullmatch(token):
        raise Malformed("size or form")
    header = _part(token, 0)
    if _NOT_UNDERSTOOD & header.keys():
        raise Malformed("crit")
    if not isinstance(header.get("kid", ""), str):
        raise Malformed("kid")
    return header


def read_unverified(token: str) -> Mapping[str, Any]:
    """Returns the claims without any check, to find out whose key must verify the token. Raises Malformed."""
    read_header(token)
    return _part(token, 1)


def _part(token: str, index: int) -> dict[str, Any]:
    try:
        octets = b64u_octets(token.split(".")[index])
    except NotOctets as error:
        raise Malformed("base64") from error
    return strict_object(octets)


def strict_object(octets: bytes) -> dict[str, Any]:
    """Returns a JSON object in UTF-8, no member twice, no NaN (RFC 7493). Raises Malformed, also for deep nesting."""
    try:
        found = json.loads(octets.decode(), **STRICT)
    except (ValueError, RecursionError):
        # `from None`: JSONDecodeError carries the whole document.
        raise Malformed("JSON") from None
    if not isinstance(found, dict):
        raise Malformed("JSON object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members


def _refuse_constant(name: str) -> None:
    raise ValueError("RFC 8259 §6: no such number")


#: For `json.loads`: no member twice, no NaN (RFC 7493).
STRICT: Mapping[str, Any] = {"object_pairs_hook": _once, "parse_constant": _refuse_constant}
