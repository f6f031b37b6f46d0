"""Guessing spread over many persons: one password against a thousand numbers, which are public (facts/security T21).

Contains the persons refused in one network, and how it is slowed down; those refused everywhere, which are only told.
A number without an account is a person as any other. Not here: the tries of one person (`throttle`), how much a network
may do at all (`web/network_quota`).
"""

import hmac
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from idp.accounts.throttle import Wait
from idp.core.audit import Audit, AuditEvent
from idp.core.ephemeral import EphemeralStore, Kind, Place, StaleRecord
from idp.settings.spread import SpreadSettings

#: The members of a minute are looked at once more, in the first minute that follows with a refusal.
_MINUTE_KEPT = timedelta(minutes=10)
#: What is usual is the mean of minutes, the older the less: an hour ago counts a third.
_WEIGHT = 1 / 60
_USUAL_KEPT = timedelta(days=7)
_USUAL: Place = (Kind.REFUSED_USUALLY, "house")


class Slowed(Wait):
    """The network sends too many forms; the person may use a browser that they used before, or another door."""

    reason = "slowed"


class Network(NamedTuple):
    """`name`: what its callers have in common. `times`: how many times as much is allowed there."""

    name: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """`key`: without it nobody tells the persons, whose numbers are public."""

    store: EphemeralStore
    audit: Audit
    key: bytes = field(repr=False)
    limits: SpreadSettings

    def foresee(self, network: Network) -> None:
        """`admit` comes: what it looks at may be asked along with what this request asks first."""
        self.store.foresee(Kind.SLOW_NETWORK, network.name)

    def admit(self, network: Network) -> None:
        """Count a form of a browser in which this person's password was never right. Raises Slowed.

        Called before anything of the person is counted, and whoever the person is.
        """
        if self.store.get(Kind.SLOW_NETWORK, network.name) is None:
            return
        window = self.limits.forms_window
        if (
            self.store.count(Kind.SLOW_NETWORK_POSTS, network.name, window)
            > self.limits.forms * network.times
        ):
            raise Slowed(window)

    def refused(self, rpps: str, network: Network | None, now: datetime) -> None:
        """The password of this person, or of nobody, was refused. `network`: None when nobody tells it."""
        person = self._person(rpps)
        if network is not None:
            self._refused_in(network, person)
        self._refused_in_house(person, now)

    def right(self, rpps: str, network: Network | None) -> None:
        """The person only mistyped before: no more one of the refused, by the end of the request."""
        if network is not None:
            self.store.drop_member(Kind.REFUSED_IN_NETWORK, network.name, self._person(rpps))

    def _person(self, rpps: str) -> str:
        return hmac.new(self.key, rpps.encode(), "sha256").hexdigest()

    def _refused_in(self, network: Network, person: str) -> None:
        window = self.limits.window
        people = self.store.note_member(Kind.REFUSED_IN_NETWORK, network.name, person, window)
        if people < self.limits.people * network.times:
            return
        # Of several at once one begins it, and tells.
        if self.store.add(Kind.SLOW_NETWORK, network.name, {}, window):
            self.audit.record(AuditEvent.PASSWORD_SPREAD, scope="network", people=people)
        else:
            self.store.put(Kind.SLOW_NETWORK, network.name, {}, window)

    def _refused_in_house(self, person: str, now: datetime) -> None:
        minute = int(now.timestamp()) // 60
        people = self.store.note_member(Kind.REFUSED_IN_MINUTE, str(minute), person, _MINUTE_KEPT)
        if people == 1:
            self._close_minutes_before(minute)
        if people < self.limits.house:
            return
        known = self.store.get(*_USUAL)
        usual = known.value["people"] if known else 0.0
        is_told = people >= self.limits.times_usual * usual
        if is_told and self.store.add(Kind.REFUSALS_TOLD, "house", {}, self.limits.window):
            self.audit.record(AuditEvent.PASSWORD_SPREAD, scope="house", people=people, usual=round(usual))

    def _close_minutes_before(self, minute: int) -> None:
        known = self.store.get(*_USUAL)
        if known is None:
            self.store.add(*_USUAL, {"people": 0.0, "minute": minute}, _USUAL_KEPT)
            return
        last, usual = known.value["minute"], known.value["people"]
        if last >= minute:
            return
        of_last = self.store.members(Kind.REFUSED_IN_MINUTE, str(last))
        # Nobody was refused in the minutes between.
        mean = (usual + _WEIGHT * (of_last - usual)) * (1 - _WEIGHT) ** (minute - last - 1)
        changed = {"people": mean, "minute": minute}
        with suppress(StaleRecord):  # Another node did.
            self.store.swap(*_USUAL, changed, expected_version=known.version, ttl=_USUAL_KEPT)
