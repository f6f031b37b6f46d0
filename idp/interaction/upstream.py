"""Contains the port to the upstream OpenID Provider, Pro Santé Connect. Not here: its adapter (`adapters/psc`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from idp.cards.nomenclature import CodedLabel


@dataclass(frozen=True, slots=True)
class UpstreamRequest:
    """Where to send the browser, and what must be kept on the server until it comes back (state, nonce, verifier)."""

    url: str
    state: str
    pending: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamLogin:
    """What the upstream proved, verified. `rpps`: None for a person who has none (facts/psc §4.4)."""

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
    #: Members of the userinfo as received, for relying parties with scope `psc`.
    claims: Mapping[str, object] = field(default_factory=dict, repr=False)
    #: The session at the upstream, which its logout tokens name.
    sid: str | None = None
    #: False: the upstream did not say when it identified the person; `auth_time` is when it answered, and proves
    #: nothing new.
    is_auth_time_told: bool = True


@dataclass(frozen=True, slots=True)
class UpstreamLogout:
    """What a verified logout token says: this session there, or all sessions of this subject, are over."""

    jti: str
    sid: str | None
    subject: str | None


class UpstreamRefusal(StrEnum):
    """Why an identification there signs nobody in. Whose fault each is, and its page: `flows/shared/psc_refusals`."""

    CANCELLED = "cancelled"
    #: The answer is refused: it did not verify, or the upstream refused what it had promised.
    REFUSED = "refused"
    TWO_RPPS = "two_rpps"
    #: The upstream asks to begin again: the identification was finished elsewhere, or too late.
    EXPIRED = "expired"
    UNAVAILABLE = "unavailable"
    #: A setting, here or in our registration there, is wrong: nobody can sign in until the operator mends it.
    MISCONFIGURED = "misconfigured"


class About(NamedTuple):
    """Of whom a refused answer is, as far as it says; for the audit trail alone. `subject`: the upstream's `sub`."""

    rpps: str = ""
    subject: str = ""


#: The answer names nobody.
NOBODY = About()


class UpstreamFailed(Exception):
    """Nobody is signed in. `detail` is for the operator's log, never for a page."""

    def __init__(self, reason: UpstreamRefusal, detail: str, about: About = NOBODY) -> None:
        super().__init__(detail)
        self.reason = reason
        self.about = about


class UpstreamRefused(UpstreamFailed):
    """The upstream refused, or its answer did not verify."""


class UpstreamUnavailable(UpstreamFailed):
    """The upstream gave no usable answer in time. The other doors stay open (facts/security PS9)."""

    def __init__(self, detail: str) -> None:
        super().__init__(UpstreamRefusal.UNAVAILABLE, detail)


class UpstreamMisconfigured(UpstreamUnavailable):
    """It can serve nobody until the operator mends a setting, which `detail` names."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.reason = UpstreamRefusal.MISCONFIGURED


class Upstream(Protocol):
    def is_out(self) -> bool:
        """Whether it is known to be down. Waits for nothing: when a new probe is due, it runs beside the page."""

    def is_misconfigured(self) -> bool:
        """Whether it is known that nobody can sign in until the operator mends a setting. Waits for nothing."""

    def begin(self, *, fresh: bool, broker: str | None = None) -> UpstreamRequest:
        """Returns where to send the browser. `fresh`: the upstream is to authenticate again. `broker`: the identity
        provider to which it delegates at once; None: the person chooses there.

        Raises UpstreamUnavailable.
        """

    def complete(
        self, answer: Mapping[str, str], pending: Mapping[str, str], *, now: datetime
    ) -> UpstreamLogin:
        """Exchange the code, and return what is proved. Raises UpstreamRefused, UpstreamUnavailable."""

    def verify_logout(self, token: str, *, now: datetime) -> UpstreamLogout:
        """Returns the verified token (Back-Channel Logout 1.0 §2.6).

        Raises UpstreamRefused, UpstreamUnavailable (no keys).
        """

    def logout_url(self, id_token: str | None, *, return_url: str, state: str) -> str | None:
        """Returns where the upstream's session is ended (RP-Initiated Logout 1.0 §2).

        None when it cannot be: it is down, or has no such address. `id_token`: None when it cannot be read any more.
        """
