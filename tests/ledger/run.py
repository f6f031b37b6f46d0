"""A run: people at work, one kind of damage after the other, time to heal, and what the ledger says.

Contains the kinds by name. Not here: what each of them does (`damage`), what is judged (`after`).
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.ledger.after import Judge
from tests.ledger.book import Ledger, Outcome
from tests.ledger.damage import Damage
from tests.ledger.people import Person, Stranger
from tests.ledger.region import Region

#: Who has an account and a card in the sandbox.
CARDS = ("martin", "benali")
#: How long until somebody may sign in again by itself: the promise.
HEALED_WITHIN = 30.0


@dataclass(frozen=True)
class Run:
    region: Region
    ledger: Ledger
    damage: Damage
    #: How long the servers are in each state.
    seconds: float

    @classmethod
    def on(cls, region: Region, *, seed: int, seconds: float) -> "Run":
        region.register()
        return cls(region, Ledger(), Damage(region, random.Random(seed)), seconds)

    @contextmanager
    def people(self, cards: Sequence[str]) -> Iterator[None]:
        """They live as long as this block. Raises what one of them raised that is no outage."""
        everybody: list[Person | Stranger] = [
            Person(self.region.cluster, self.ledger, card, str(self.region.cluster.card(card)["rpps"]))
            for card in cards
        ]
        everybody.append(Stranger(self.region.cluster, self.ledger, everybody[0].rpps))
        failures: list[BaseException] = []

        def live(one: Person | Stranger) -> None:
            try:
                one.live()
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=live, args=(one,)) for one in everybody]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            for one in everybody:
                one.stopped.set()
            for thread in threads:
                thread.join()
        if failures:
            raise failures[0]

    def kill(self, times: int) -> None:
        for _ in range(times):
            self.damage.kill_any()
            time.sleep(self.damage.rng.uniform(0.2, 2.0) * self.seconds)

    def suffer_everything(self) -> dict[str, float]:
        """Returns of each kind how many seconds it took to heal."""
        healed = {}
        for name, suffer in KINDS.items():
            suffer(self)
            healed[name] = self.heal()
        return healed

    def wait_for_races(self, number: int) -> None:
        """Until so many have tried to redeem a code that others redeemed at the same instant."""
        while sum(self.ledger.counts["redeem", outcome] for outcome in Outcome) < number:
            time.sleep(0.1)

    def heal(self) -> float:
        """Returns how many seconds it took until every node was ready again, by itself."""
        began = time.monotonic()
        if not self.region.becomes_ready(HEALED_WITHIN):
            self.ledger.violation(f"not ready again within {HEALED_WITHIN:g} s")
        return time.monotonic() - began

    def findings(self) -> list[str]:
        return Judge(self.region, self.ledger).findings()


def _frozen(name: str) -> Callable[[Run], None]:
    def suffer(run: Run) -> None:
        with run.damage.frozen(name):
            time.sleep(run.seconds)

    return suffer


def _full_disk(run: Run) -> None:
    with run.damage.full_disk():
        time.sleep(run.seconds)


def _full_redis(run: Run) -> None:
    with run.damage.full_redis():
        time.sleep(run.seconds)


def _older_redis(run: Run) -> None:
    with run.damage.older_redis():
        time.sleep(run.seconds)


def _kill(name: str) -> Callable[[Run], None]:
    return lambda run: run.damage.kill(name)


KINDS: dict[str, Callable[[Run], None]] = {
    "kill -9 of a provider": _kill("idp-1"),
    "kill -9 of the worker": _kill("worker"),
    "kill -9 of PostgreSQL": _kill("postgresql"),
    "kill -9 of the master of Redis": _kill("redis"),
    "a provider frozen": _frozen("idp-2"),
    "PostgreSQL frozen": _frozen("postgresql"),
    "Redis frozen": _frozen("redis"),
    "the mail relay frozen": _frozen("mail"),
    "Pro Santé Connect frozen": _frozen("psc"),
    "PostgreSQL restarted": lambda run: run.damage.restart_postgresql(),
    "PostgreSQL on a full disk": _full_disk,
    "Redis full": _full_redis,
    "Redis emptied": lambda run: run.damage.flush_redis(),
    "Redis failed over by Sentinel": lambda run: run.damage.fail_over(),
    "Redis replaced by an older snapshot": _older_redis,
}
