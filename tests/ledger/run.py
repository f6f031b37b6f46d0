"""A run: people at work, one kind of damage after the other, time to heal, and what the ledger says.

Not here: the kinds (`kinds`), what each of them does (`damage`, `operating`), what is judged (`after`).
"""

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.ledger.after import Judge
from tests.ledger.book import Ledger, Outcome, Window
from tests.ledger.damage import MORTAL, Damage
from tests.ledger.kinds import KINDS, Kind
from tests.ledger.operating import Operating
from tests.ledger.people import Person, Somebody, Turnstile
from tests.ledger.region import Region
from tests.ledger.visitors import ByMail, ByPsc, Stranger
from tests.limits import eventually

#: Who has an account and a card in the sandbox.
CARDS = ("martin", "benali")
#: How long until somebody may sign in again by itself: the promise.
HEALED_WITHIN = 30.0
#: Whom a damage of a moment met is answered so soon; whom it did not meet will not feel it however long we wait.
_MET_WITHIN = 1.0


@dataclass(frozen=True, slots=True)
class Suffered:
    """`healed`: how many seconds it took until every node was ready again, by itself."""

    window: Window
    healed: float


@dataclass(frozen=True)
class Run:
    region: Region
    ledger: Ledger
    turnstile: Turnstile
    damage: Damage
    #: How long the servers are in each state, at least.
    seconds: float
    #: How long until it is felt, and whoever is late was answered.
    felt_within: float = 40.0
    #: How many times as long everybody pauses between two acts.
    leisure: float = 1.0

    @classmethod
    def on(cls, region: Region, *, seed: int, seconds: float, leisure: float = 1.0) -> "Run":
        region.register()
        damage = Damage(region, random.Random(seed))
        return cls(region, Ledger(), Turnstile(), damage, seconds, leisure=leisure)

    @contextmanager
    def people(self) -> Iterator[None]:
        """They live as long as this block. Raises what one of them raised that is no outage."""
        everybody = self._everybody()
        for one in everybody:
            one.leisure = self.leisure
        failures: list[BaseException] = []

        def live(one: Somebody) -> None:
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

    def _everybody(self) -> Sequence[Somebody]:
        cluster, place = self.region.cluster, (self.region.cluster, self.ledger, self.turnstile)
        martin, benali = (str(cluster.card(card)["rpps"]) for card in CARDS)
        return (
            Person(*place, martin, card="martin"),
            Person(*place, benali, card="benali"),
            ByPsc(*place, martin, card="martin"),
            ByMail(*place, benali, card="benali"),
            Stranger(*place, martin),
        )

    def suffer_everything(self) -> dict[str, Suffered]:
        return {name: self.suffer(name, kind) for name, kind in KINDS.items()}

    def suffer(self, name: str, kind: Kind) -> Suffered:
        window, felt = self.ledger.open_window(), kind.felt
        patience = _MET_WITHIN if kind.tries > 1 else self.felt_within
        operating = Operating(self.region, self.ledger, self.turnstile, self.damage, self.seconds)
        for _ in range(kind.tries):
            with kind.do(self.damage, operating):
                time.sleep(self.seconds * kind.times)
                if felt is not None and kind.until_felt:
                    eventually(lambda: felt(window), patience)
            if felt is None or felt(window):
                break
        healed = self.heal(name)
        if felt is not None and not eventually(lambda: felt(window), self.felt_within):
            self.ledger.violation(f"{HURTS}: {name} hurt nobody")
        return Suffered(window, healed)

    def kill(self, times: int) -> Suffered:
        """kill -9 of one after the other, many of them before the last one has healed; every tenth meets a service
        that has answered somebody since, for what kills the dead shows nothing."""
        window, rng = self.ledger.open_window(), self.damage.rng
        for rank, name in enumerate(rng.choices(list(MORTAL), list(MORTAL.values()), k=times)):
            if rank % 10 == 0:
                self._wait_for_an_answer()
            self.damage.kill(name)
            time.sleep(rng.uniform(0.1, 1.0) * self.seconds)
        return Suffered(window, self.heal(f"{times} kill -9"))

    def _wait_for_an_answer(self) -> None:
        answered = self.ledger.whole.of(Outcome.ACKNOWLEDGED)
        if not eventually(lambda: self.ledger.whole.of(Outcome.ACKNOWLEDGED) > answered, HEALED_WITHIN):
            self.ledger.violation(f"{HEALS}: nobody was answered among kills")

    def wait_for_races(self, number: int) -> None:
        """Until so many have tried to redeem a code that others redeemed at the same instant."""
        while self.ledger.whole.of(*Outcome, act="redeem") < number:
            time.sleep(0.1)

    def heal(self, after: str) -> float:
        """Returns how many seconds it took until every node was ready again, by itself."""
        began = time.monotonic()
        if not self.region.becomes_ready(HEALED_WITHIN):
            self.ledger.violation(f"{HEALS}: not after {after}")
        return time.monotonic() - began

    def findings(self) -> list[str]:
        return Judge(self.region, self.ledger).findings()


#: Promises that a run itself sees broken.
HURTS = "every damage that must hurt somebody did"
HEALS = f"every node is ready again, by itself, within {HEALED_WITHIN:g} s"
