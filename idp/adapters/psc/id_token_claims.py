"""Contains what the ID token of a login must say, how a claim is read, and what the log shows of a wrong one.

Not here: the checks (`id_token`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from idp.adapters.psc.errors import shown
from idp.settings.psc import PscSettings

_SECOND = timedelta(seconds=1)

# The end of year 9999, the last that `datetime` can hold.
_LAST_SECOND = 253402300799

Claims = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedIdToken:
    """What the token of this login must say. `now`: seconds since 1970."""

    settings: PscSettings
    skew: timedelta
    nonce: str
    access_token: str
    now: float

    @property
    def latest(self) -> float:
        return self.now + self.skew / _SECOND

    @property
    def earliest(self) -> float:
        return self.now - self.skew / _SECOND


def seconds_of(claims: Claims, name: str) -> float | None:
    value = claims.get(name)
    # In Python `True` is an int: `exp: true` must not become the first second of 1970.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 <= value <= _LAST_SECOND else None


def _clocks(name: str) -> Callable[[Claims, ExpectedIdToken], str]:
    """Returns what the log says of a moment that is to come, or over: most often, the clocks differ."""

    def told(claims: Claims, expected: ExpectedIdToken) -> str:
        seconds = seconds_of(claims, name)
        if seconds is None:
            return f" {shown(claims.get(name))}"
        ahead = round(seconds - expected.now)
        where = f"{ahead} s ahead of our clock" if ahead > 0 else f"{-ahead} s before our clock"
        return (
            f" is {where}, CLOCK_SKEW allows {expected.skew // _SECOND} s: compare the clocks, here and there"
        )

    return told


def _level(claims: Claims, expected: ExpectedIdToken) -> str:
    accepted = " ".join(expected.settings.accepted_acr) or "empty"
    setting = f"PSC_ACCEPTED_ACR ({accepted})" if "acr" in claims else "PSC_ACCEPT_MISSING_ACR (false)"
    return f" {shown(claims.get('acr'))} is not accepted by {setting}"


def _audience(claims: Claims, expected: ExpectedIdToken) -> str:
    audience, party = claims.get("aud"), claims.get("azp")
    named = ", ".join(shown(one) for one in (audience[:5] if isinstance(audience, list) else [audience]))
    return f" {named} (azp {shown(party)}), expected {expected.settings.client_id}"


_TOLD: Mapping[str, Callable[[Claims, ExpectedIdToken], str]] = {
    "iss": lambda claims, expected: f" {shown(claims.get('iss'))}, expected {expected.settings.issuer}",
    "typ": lambda claims, _: f" {shown(claims.get('typ'))}, expected ID",
    "aud": _audience,
    "exp": _clocks("exp"),
    "iat": _clocks("iat"),
    "nbf": _clocks("nbf"),
    "auth_time": _clocks("auth_time"),
    "acr": _level,
}


def received(name: str, claims: Claims, expected: ExpectedIdToken) -> str:
    """Returns what the log says after the name of a wrong claim; nothing of one that is a secret or of the person."""
    told = _TOLD.get(name)
    return told(claims, expected) if told else ""
