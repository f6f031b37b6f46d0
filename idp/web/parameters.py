"""Contains how the parameters of a query or form are read: each once, none too long. Not here: what they mean."""

import json
from collections.abc import Mapping
from itertools import chain
from typing import Any
from urllib.parse import unquote_to_bytes

from werkzeug.datastructures import ImmutableMultiDict, MultiDict

from idp.core.errors import PageError, Problem

_LONGEST_NAME = 100
#: No parameters.
NONE: "ImmutableMultiDict[str, str]" = ImmutableMultiDict()


def parameters_of(text: str) -> "ImmutableMultiDict[str, str]":
    """Returns the parameters in a query or a form (URL Standard §5.1), as werkzeug reads them: octets that are no UTF-8
    stay percent-encoded."""
    if not text:
        return NONE
    pairs = [
        (_decoded(name), _decoded(value)) if "%" in pair or "+" in pair else (name, value)
        for pair in text.split("&")
        if pair
        for name, _, value in (pair.partition("="),)
    ]
    return ImmutableMultiDict(pairs)


def _decoded(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode(errors="werkzeug.url_quote")


def without_empty(values: "MultiDict[str, str]") -> "MultiDict[str, str]":
    """Returns them without those that have no value, which count as left out (RFC 6749 §3.1, §3.2)."""
    if "" not in chain.from_iterable(values.listvalues()):
        return values
    return MultiDict([(name, value) for name, value in values.items(multi=True) if value])


def single_valued(values: "MultiDict[str, str]", limit: int) -> dict[str, str]:
    """Returns each value by name. Raises ValueError: a name is repeated (RFC 6749 §3.1), a name or value too long."""
    if not {1}.issuperset(map(len, values.listvalues())):
        raise ValueError("a parameter is repeated")
    found = list(chain.from_iterable(values.listvalues()))
    if max(map(len, values), default=0) > _LONGEST_NAME or max(map(len, found), default=0) > limit:
        raise ValueError("a parameter is too long")
    return dict(zip(values, found, strict=True))


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
