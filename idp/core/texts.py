"""Contains texts that can be sent and stored, and JSON that holds no others. Not here: what they mean."""

import json
from collections.abc import Mapping, Sequence
from typing import Any


def is_encodable(text: str) -> bool:
    """Whether UTF-8 can hold it: half of a surrogate pair has no octets."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def read_json(text: str, **hooks: Any) -> Any:
    """Returns the value. Raises ValueError, also for half of a surrogate pair (RFC 7493 §2.1), RecursionError.

    `hooks`: those of `json.loads`.
    """
    value = json.loads(text, **hooks)
    # It is written from `\\uD800` on: without that, nothing need be looked through.
    if ("\\ud" in text or "\\uD" in text) and not _is_encodable_throughout(value):
        raise ValueError("texts that UTF-8 can hold")
    return value


def _is_encodable_throughout(value: object) -> bool:
    if isinstance(value, str):
        return is_encodable(value)
    if isinstance(value, Mapping):
        return all(map(_is_encodable_throughout, (*value.keys(), *value.values())))
    return not isinstance(value, Sequence) or all(map(_is_encodable_throughout, value))
