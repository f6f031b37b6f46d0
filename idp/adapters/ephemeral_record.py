"""What both ephemeral stores share: the hashed key, the bounds of a record's life, the JSON written."""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from idp.core.compact_json import compact_json

#: The longest life of a record is 30 days (growing password delays, facts/security §0.2).
LONGEST_LIFE = timedelta(days=31)
#: Redis counts in milliseconds.
SHORTEST_LIFE = timedelta(milliseconds=1)

# Made once; `json.loads` looks for blanks that are not there.
_write = compact_json()
_read = json.JSONDecoder().raw_decode


def hashed(key: str) -> str:
    """Returns the hexadecimal SHA-256 of the key, whatever text a request put in it (lone surrogates included)."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def checked_life(ttl: timedelta) -> timedelta:
    """Returns the life. Raises ValueError outside the bounds: a record that never expires, or at once, is a defect."""
    if not SHORTEST_LIFE <= ttl <= LONGEST_LIFE:
        raise ValueError(f"the life of a record is between {SHORTEST_LIFE} and {LONGEST_LIFE}")
    return ttl


def as_text(value: Mapping[str, Any]) -> str:
    """Returns ASCII JSON. Raises TypeError, ValueError for a value that the other store could not return."""
    return _write(dict(value))


def from_text(text: str, begin: int = 0) -> Mapping[str, Any]:
    """Returns what `as_text` wrote, from there to the end of the text."""
    value: dict[str, Any] = _read(text, begin)[0]
    return value
