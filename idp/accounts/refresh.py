"""Refresh tokens: bound to one grant, idle and absolute ends, one valid value at a time (facts/security TK4-TK6)."""

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """The one in force of a grant. `claims`: what the ID Token said of the authentication (acr, amr, sid…).

    `binding`: the `cnf` (RFC 7800) that its bearer must prove, empty for none. `asked`: single claims, by place.
    """

    grant_id: str
    token_sha256: str
    scope: str
    claims: Mapping[str, Any]
    idle_until: datetime
    ends_at: datetime
    binding: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def is_alive(self, now: datetime) -> bool:
        return now < self.idle_until and now < self.ends_at


class RefreshTokens(Protocol):
    """Durable: a lost store must not revive a used or revoked token."""

    def add(self, token: RefreshToken) -> None: ...

    def get(self, grant_id: str) -> RefreshToken | None: ...

    def swap(self, presented_sha256: str, following: RefreshToken) -> bool:
        """Replace the token in force if it is the one presented; atomic: one caller of many gets True."""


def new_value(grant_id: str) -> str:
    """`grant.secret`: the grant finds the row, the 256-bit secret proves it."""
    return f"{grant_id}.{secrets.token_urlsafe(32)}"


def grant_of(value: str) -> str:
    """The grant a token names; "" for what cannot be a token of ours."""
    found = re.fullmatch(r"([A-Za-z0-9_-]{43})\.[A-Za-z0-9_-]{43}", value)
    return found[1] if found else ""


def digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
