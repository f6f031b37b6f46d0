"""What both ephemeral stores agree on: the hashed key, the bounds of a life, the JSON written."""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

#: The longest life any record is given is 30 days (growing password delays, security §0.2).
LONGEST_LIFE = timedelta(days=31)
#: Redis counts in milliseconds.
SHORTEST_LIFE = timedelta(milliseconds=1)


def hashed(key: str) -> str:
    """Hex SHA-256 of the key, whatever text a request put in it (lone surrogates included)."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def checked_life(ttl: timedelta) -> timedelta:
    """Raises ValueError outside the bounds: a record that never dies, or never lives, is a defect."""
    if not SHORTEST_LIFE <= ttl <= LONGEST_LIFE:
        raise ValueError(f"the life of a record is between {SHORTEST_LIFE} and {LONGEST_LIFE}")
    return ttl


def to_json(value: Mapping[str, Any]) -> str:
    """ASCII JSON. Raises TypeError or ValueError for what another store could not give back."""
    return json.dumps(dict(value), separators=(",", ":"), allow_nan=False)


def from_json(text: str) -> Mapping[str, Any]:
    value: dict[str, Any] = json.loads(text)
    return value
