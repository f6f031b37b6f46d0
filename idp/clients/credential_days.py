"""The days of a credential: from `not_before` to `not_after`, whole days of UTC, both of them included.

Contains reading them, in clients.yaml and beside a JWK, and whether they hold. Not here: which credentials end, and
when that is told (`clients/credential_ends`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from idp.clients.located_yaml import At

MEMBERS = ("not_before", "not_after")
_DAY = timedelta(days=1)
_EXPECTED = "a day, as 2027-01-31 (of UTC)"
_REVERSED = "a day from `not_before` on: on none of them would it hold"


@dataclass(frozen=True, slots=True)
class Days:
    """None: no bound."""

    not_before: date | None = None
    not_after: date | None = None

    @property
    def ends_at(self) -> datetime | None:
        """Returns the first instant at which it holds no more."""
        last = self.not_after
        return None if last is None else datetime.combine(last, time(tzinfo=UTC)) + _DAY

    @property
    def is_reversed(self) -> bool:
        first, last = self.not_before, self.not_after
        return first is not None and last is not None and last < first

    def __str__(self) -> str:
        return f"{self.not_before or '…'} to {self.not_after or '…'}"

    def hold(self, now: datetime) -> bool:
        today = now.astimezone(UTC).date()
        return (self.not_before or today) <= today <= (self.not_after or today)


ALWAYS = Days()


def days_between(one: Days, other: Days) -> tuple[date, date] | None:
    """Returns the first and the last day on which neither holds, between the two; None: there is none.

    The last one is before the first where they meet without a day on which both hold.
    """
    first, second = sorted((one, other), key=lambda days: days.not_before or date.min)
    if first.not_after is None or second.not_before is None or second.not_before <= first.not_after:
        return None
    return first.not_after + _DAY, second.not_before - _DAY


def read_days(members: Mapping[str, At]) -> Days:
    """Returns the days among the members of a credential. Raises BadYaml."""
    found = Days(**{name: _day(members[name]) for name in MEMBERS if name in members})
    if found.is_reversed:
        raise members["not_after"].fail(f"expected {_REVERSED}")
    return found


def days_of_key(jwk: Mapping[str, object]) -> Days:
    """Returns the days that stand beside a key. Raises ValueError, which says what was expected."""
    found = Days(**{name: _parsed(str(jwk[name])) for name in MEMBERS if name in jwk})
    if found.is_reversed:
        raise ValueError(f"as `not_after` of a key {_REVERSED}")
    return found


def _day(at: At) -> date:
    try:
        return _parsed(at.scalar())
    except ValueError as error:
        raise at.fail(f"expected {_EXPECTED}") from error


def _parsed(text: str) -> date:
    """Raises ValueError."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError(_EXPECTED)
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(_EXPECTED) from error
    # The day after the last one of the calendar has no date.
    if not date(2000, 1, 1) <= found <= date(2999, 12, 31):
        raise ValueError(_EXPECTED)
    return found
