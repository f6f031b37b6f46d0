"""Contains how the parameters of a query or form are read: each once, none too long. Not here: what they mean."""

import json
from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from idp.core.errors import PageError, Problem


def without_empty(values: "MultiDict[str, str]") -> "MultiDict[str, str]":
    """Returns them without those that have no value, which count as left out (RFC 6749 §3.1, §3.2)."""
    if all(all(found) for _, found in values.lists()):
        return values
    return MultiDict([(name, value) for name, value in values.items(multi=True) if value])


def single_valued(values: "MultiDict[str, str]", limit: int) -> dict[str, str]:
    """Returns each value by name. Raises ValueError: a name is repeated (RFC 6749 §3.1), a name or value too long."""
    flat: dict[str, str] = {}
    for name, found in values.lists():
        if len(found) != 1:
            raise ValueError("a parameter is repeated")
        if len(name) > 100 or len(found[0]) > limit:
            raise ValueError("a parameter is too long")
        flat[name] = found[0]
    return flat


def is_short(kept: Mapping[str, Any], limit: int) -> bool:
    """Whether what would be kept of a request takes `limit` octets at most: anybody may send one."""
    return len(json.dumps(dict(kept))) <= limit


def require_short(kept: Mapping[str, Any], limit: int) -> None:
    """Raises PageError."""
    if not is_short(kept, limit):
        raise PageError(Problem.BAD_REQUEST, "the request is too long to be kept")


def read_query(values: "MultiDict[str, str]", limit: int) -> dict[str, str]:
    """Returns the same for an address that a person opened. Raises PageError."""
    try:
        return single_valued(values, limit)
    except ValueError as error:
        raise PageError(Problem.BAD_REQUEST, str(error)) from error
