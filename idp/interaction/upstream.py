"""Port to the upstream OpenID Provider, Pro Santé Connect. The adapter is `adapters/psc/provider.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from idp.cards.nomenclature import CodedLabel


@dataclass(frozen=True, slots=True)
class UpstreamRequest:
    """Where to send the browser, and what must be kept on the server until it comes back (state, nonce, verifier)."""

    url: str
    state: str
    pending: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamLogin:
    """What the upstream proved, verified. `rpps` is None for people who have none (facts/psc §4.4)."""

    rpps: str | None
    family_name: str
    given_name: str
    profession: CodedLabel | None
    specialities: tuple[CodedLabel, ...]
    subject: str
    acr: str | None
    amr: tuple[str, ...]
    auth_mode: str | None
    auth_time: datetime
    id_token: str = field(repr=False)
    #: Members of the userinfo as received, for the relying parties whom scope `psc` allows.
    claims: Mapping[str, object] = field(default_factory=dict, repr=False)
    #: The upstream's own session, which its logout tokens name.
    sid: str | None = None
    #: False: the upstream did not say when; `auth_time` is when it answered, and proves no new identification.
    is_auth_time_told: bool = True


@dataclass(frozen=True, slots=True)
class UpstreamLogout:
    """What a verified logout token says: this session of theirs, or all sessions of this subject, is over."""

    jti: str
    sid: str | None
    subject: str | None


class UpstreamRefusal(StrEnum):
    CANCELLED = "cancelled"
    REFUSED = "refused"


class UpstreamRefused(Exception):
    """The upstream said no, or its answer did not verify. `detail` is for the operator's log, never for a page."""

    def __init__(self, reason: UpstreamRefusal, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class UpstreamUnavailable(Exception):
    """No usable answer in time: the other doors stay open."""


class Upstream(Protocol):
    def is_out(self) -> bool:
        """Known to be down just now. Asks nobody; looks again beside the page when that is due."""

    def begin(self, *, fresh: bool) -> UpstreamRequest:
        """`fresh`: ask the upstream to authenticate again (prompt=login). Raises UpstreamUnavailable."""

    def complete(
        self, answer: Mapping[str, str], pending: Mapping[str, str], *, now: datetime
    ) -> UpstreamLogin:
        """Exchange the code and verify everything. Raises UpstreamRefused, UpstreamUnavailable."""

    def verify_logout(self, token: str, *, now: datetime) -> UpstreamLogout:
        """Back-Channel Logout 1.0 §2.6. Raises UpstreamRefused, UpstreamUnavailable (their keys)."""

    def logout_url(self, id_token: str, *, return_url: str, state: str) -> str | None:
        """RP-initiated logout upstream (OpenID Connect RP-Initiated Logout 1.0 §2); None when it cannot be known."""
