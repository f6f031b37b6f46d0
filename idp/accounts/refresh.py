"""Refresh tokens: one valid value per grant, with an idle and an absolute end (facts/security TK4-TK6).

One that was replaced may be shown again for seconds, if the answer with its successor was lost on the way
(docs/adr/0054). Not here: who may show it (`protocol/tokens/refresh`).
"""

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Rotation:
    """What the token in force took the place of. `at`: when that one was shown first."""

    former_sha256: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """The refresh token in force of a grant. `claims`: what the ID Token said of the authentication (acr, amr, sid…).

    `binding`: the `cnf` (RFC 7800) that the client must prove, empty for none. `asked`: the single claims requested, by
    place (ID Token, userinfo). `rotation`: None for the first of its family, and for one that is not rotated.
    """

    grant_id: str
    token_sha256: str
    scope: str
    claims: Mapping[str, Any]
    idle_until: datetime
    ends_at: datetime
    binding: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rotation: Rotation | None = None

    def is_alive(self, now: datetime) -> bool:
        return now < self.idle_until and now < self.ends_at

    def took_place_of(self, sha256: str, now: datetime, grace: timedelta) -> bool:
        """Whether it replaced that one less than the grace ago, and so has not been used itself."""
        rotation = self.rotation
        if rotation is None or rotation.former_sha256 != sha256:
            return False
        # The clock of the node that replaced it may be ahead of ours.
        return bool(grace) and now < rotation.at + grace


class TokenReplayed(Exception):
    """Two requests came with one token (RFC 9700 §4.14.2): the grant is to be revoked."""


class RefreshTokens(Protocol):
    """Durable: the loss of the ephemeral store must not revive a used or revoked token."""

    def add(self, token: RefreshToken) -> None: ...

    def get(self, grant_id: str) -> RefreshToken | None: ...

    def swap(self, presented_sha256: str, following: RefreshToken) -> None:
        """Replace the token in force if it is the one presented, with the present unit of work.

        Raises TokenReplayed, on leaving the unit: another caller did. One of several callers is not refused.
        """


def new_value(grant_id: str) -> str:
    """Returns `grant.secret`: the grant id finds the row, the 256-bit secret proves the token."""
    return f"{grant_id}.{secrets.token_urlsafe(32)}"


def grant_of(value: str) -> str:
    """Returns the id of the grant that a token names, "" for a text that cannot be one of our tokens."""
    # The form is checked first, so that no text of a caller's choice reaches the database as a key.
    found = re.fullmatch(r"([A-Za-z0-9_-]{43})\.[A-Za-z0-9_-]{43}", value)
    return found[1] if found else ""


def digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
