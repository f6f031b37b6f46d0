"""The way to Pro Santé Connect and back, kept by its `state` until the browser returns (facts/security PS1).

Contains the record, which is good once, and what became of its answer. Not here: the answer itself (`adapters/psc`),
what it proves (`flows/psc`), the same answer a second time (`psc_repeated`).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from idp.core.clock import Clock
from idp.core.ephemeral import EphemeralStore, Kind, StaleRecord, StoreUnavailable
from idp.interaction.record import Interaction
from idp.interaction.store import fingerprint
from idp.interaction.upstream import UpstreamRequest

#: What became of an answer: the person that it proved, the page that says why it proved nobody, or where it led.
PERSON, REASON, LEAVE, ONWARD = "person", "reason", "leave", "onward"


@dataclass(frozen=True, slots=True)
class PscAttempts:
    store: EphemeralStore
    life: timedelta
    clock: Clock

    def begin(
        self,
        interaction: Interaction,
        asked: UpstreamRequest,
        demand: str | None,
        since: str | None,
        broker: str | None,
    ) -> None:
        begun = {"interaction_id": interaction.id, "binding": interaction.browser, "used": False}
        record = {
            **begun,
            "pending": dict(asked.pending),
            "fresh_since": since,
            "demand": demand,
            "broker": broker,
        }
        self.store.put(Kind.UPSTREAM_LOGIN, asked.state, record, self.life)

    def use(self, answer: Mapping[str, str]) -> Mapping[str, Any] | None:
        """Returns the record of this `state`, None when it is unknown; `used`: whether it had been before.

        It is marked as a step of its own, before the answer is looked at: of several calls one finds it unused.
        """
        state = answer.get("state", "")
        stored = self.store.get(Kind.UPSTREAM_LOGIN, state) if state else None
        if stored is None or stored.value["used"]:
            return None if stored is None else stored.value
        try:
            self.store.swap(
                Kind.UPSTREAM_LOGIN,
                state,
                self._used(stored.value, answer),
                expected_version=stored.version,
                ttl=self.life,
            )
        except StaleRecord:
            return self._of_the_first(state)
        return stored.value

    def _of_the_first(self, state: str) -> Mapping[str, Any] | None:
        (stored,) = self.store.get_all([(Kind.UPSTREAM_LOGIN, state)])
        return stored.value if stored else None

    def _used(self, begun: Mapping[str, Any], answer: Mapping[str, str]) -> dict[str, Any]:
        told = {"answer": _digest(answer), "at": self.clock.now().isoformat()}
        return {**begun, "pending": {}, "used": True, **told}

    @contextmanager
    def under_way(self, begun: Mapping[str, Any], answer: Mapping[str, str]) -> Iterator[None]:
        """Around what is made of the answer: if that fails, nothing will come of it, and nobody is to wait for it."""
        try:
            yield
        except BaseException:
            with suppress(StoreUnavailable):
                self._keep(answer, {**self._used(begun, answer), "answer": ""})
            raise

    def note(self, begun: Mapping[str, Any], answer: Mapping[str, str], **outcome: str | None) -> None:
        """Keep what became of the answer, for the same browser that brings it again."""
        self._keep(answer, {**self._used(begun, answer), **outcome})

    def _keep(self, answer: Mapping[str, str], record: Mapping[str, Any]) -> None:
        self.store.put(Kind.UPSTREAM_LOGIN, answer["state"], record, self.life)


def is_same_answer(begun: Mapping[str, Any], answer: Mapping[str, str]) -> bool:
    """Whether `begun`, which is used, was used by this answer. False of a record of the version before."""
    return bool(begun.get("answer")) and begun["answer"] == _digest(answer)


def person_in(proved: Interaction) -> str:
    """Returns what tells the person of this interaction from others, and says nothing of them."""
    if proved.account_id is not None or proved.identity is None:
        return fingerprint(str(proved.account_id))
    return fingerprint(" ".join((proved.identity.rpps, proved.identity.source, proved.identity.evidence)))


def _digest(answer: Mapping[str, str]) -> str:
    return fingerprint(repr(sorted(answer.items())))
