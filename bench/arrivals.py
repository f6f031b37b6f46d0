"""`python -m bench.arrivals`: the morning of everybody, against measured costs; prints the tables of docs/scale.md.

A worker process of a provider is a queue of its own: the kernel gives it its part of the connections, and one request
computes at a time. So one worker is simulated, through the worst ten minutes, with its part of all arrivals, and its
requests wait for each other in order. Contains the assumptions, the arrivals, the queue, the tables. Not here: a
measurement (`COSTS` are those of docs/performance.md), stores (reckoned, not simulated), the network.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import exp
from statistics import median, quantiles

_MILLISECONDS = 1000
_NEEDED_HEAD = (
    "| Professionals | first sign-ins/s | by single sign-on/s | refreshes/s "
    "| cores of providers | of PostgreSQL | of Redis | log MB/s |"
)
_HEAD = "| busy in the worst minute | a request waits, middle | 99 % | 99.9 % | longest queue of a worker |"


@dataclass(frozen=True, slots=True)
class Morning:
    """What is assumed of people. `doors`: the part of sign-ins that are no single sign-on, by its flow."""

    people: int
    #: Of them, on the busiest day; and of those, between eight and nine.
    come_that_day: float = 0.55
    in_that_hour: float = 0.35
    #: The worst minute, against the mean of the hour.
    worst_minute: float = 1.8
    #: Further applications that each opens in the hour, by single sign-on.
    applications: float = 1.5
    #: Of all who came, whose application refreshes, and how often.
    refreshing: float = 0.3
    refresh_seconds: float = 300
    doors: Mapping[str, float] = field(
        default_factory=lambda: {"card or Pro Santé Connect": 0.75, "password and code": 0.25}
    )

    @property
    def in_the_hour(self) -> float:
        return self.people * self.come_that_day * self.in_that_hour

    def rates(self) -> dict[str, float]:
        """Returns how many of each flow begin in a second of the worst minute."""
        first = self.in_the_hour / 3600 * self.worst_minute
        return {
            **{name: first * part for name, part in self.doors.items()},
            "single sign-on": first * self.applications,
            "refresh": self.in_the_hour * self.refreshing / self.refresh_seconds,
        }


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one flow. `requests`: the CPU of a provider for each, in ms; `stores`: that of PostgreSQL and of Redis, in ms;
    `log`: of PostgreSQL, in kB."""

    requests: tuple[float, ...]
    stores: tuple[float, float]
    log: float


#: docs/performance.md, ES256: the CPU of a flow there, divided among its requests as their instructions are; a hash
#: with the library of the wheel. Pro Santé Connect is not measured there: taken as the card.
COSTS: Mapping[str, Cost] = {
    "card or Pro Santé Connect": Cost((0.8, 1.2, 11.0, 7.0, 1.6, 0.9, 0.4), (3.4, 0.9), 8.0),
    "password and code": Cost((0.7, 0.4, 24.4, 2.0, 2.5, 1.6, 0.8, 0.4), (4.3, 0.95), 11.6),
    "single sign-on": Cost((1.53, 0.87, 0.45), (1.1, 0.22), 2.7),
    "refresh": Cost((0.84,), (0.3, 0.08), 1.2),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one worker: how much of its time it worked, the waits of its requests in ms, the longest queue."""

    busy: float
    waits: list[float]
    longest: int

    def wait(self, percent: int) -> float:
        return quantiles(self.waits, n=1000, method="inclusive")[percent * 10 - 1]


def arrivals(
    rates: Mapping[str, float], share: float, seconds: int, chance: random.Random
) -> list[tuple[float, float]]:
    """Returns when each request comes to one worker, in order, and what it costs it, in seconds.

    A bell around the worst minute; each request of a flow may go to another worker, so a worker gets its share of each.
    """
    found: list[tuple[float, float]] = []
    for name, rate in rates.items():
        for began in _poisson(rate * share * len(COSTS[name].requests), seconds, chance):
            cost = chance.choice(COSTS[name].requests) / _MILLISECONDS
            # As they vary: the same request is sometimes a third dearer.
            found.append((began, cost * chance.uniform(0.8, 1.35)))
    return sorted(found)


def _poisson(rate: float, seconds: int, chance: random.Random) -> Iterator[float]:
    at = 0.0
    while rate and (at := at + chance.expovariate(rate)) < seconds:
        off_the_worst = (at - seconds / 2) / seconds
        if chance.random() < exp(-3 * off_the_worst**2):
            yield at


def queue(requests: list[tuple[float, float]], seconds: int) -> Outcome:
    """One at a time, in order."""
    free_at, worked, longest = 0.0, 0.0, 0
    waits: list[float] = []
    ends: list[float] = []
    first = 0
    for came, cost in requests:
        while first < len(ends) and ends[first] <= came:
            first += 1
        longest = max(longest, len(ends) - first)
        waits.append(max(0.0, free_at - came) * _MILLISECONDS)
        free_at = max(free_at, came) + cost
        ends.append(free_at)
        if abs(came - seconds / 2) < 30:
            worked += cost
    return Outcome(worked / 60, waits, longest)


def simulate(rates: Mapping[str, float], workers: int, *, seconds: int = 600, turns: int = 4) -> Outcome:
    """Returns what one of so many workers does, of several mornings together."""
    chance = random.Random(f"{workers} {sorted(rates.items())}")  # noqa: S311 the same tables at each run
    found = [queue(arrivals(rates, 1 / workers, seconds, chance), seconds) for _ in range(turns)]
    waits = [wait for outcome in found for wait in outcome.waits]
    return Outcome(sum(one.busy for one in found) / turns, waits, max(one.longest for one in found))


def needs(rates: Mapping[str, float]) -> tuple[float, float, float, float]:
    """Returns cores of providers, of PostgreSQL and of Redis, and MB of log a second."""
    cores = sum(rate * sum(COSTS[name].requests) for name, rate in rates.items()) / _MILLISECONDS
    sql, redis = (
        sum(rate * COSTS[name].stores[rank] for name, rate in rates.items()) / _MILLISECONDS
        for rank in (0, 1)
    )
    return cores, sql, redis, sum(rate * COSTS[name].log for name, rate in rates.items()) / 1000


def tables() -> str:
    """Returns the tables, in Markdown."""
    return "\n\n".join((needed(), _waited(), _after_an_outage()))


def needed() -> str:
    """Returns what the worst minute needs, by the number of people."""
    lines = [
        _NEEDED_HEAD,
        "|---|---|---|---|---|---|---|---|",
    ]
    for people in (5_000, 100_000, 1_300_000, 13_000_000):
        morning = Morning(people)
        rates = morning.rates()
        first = sum(rates[name] for name in morning.doors)
        cores, sql, redis, log = needs(rates)
        lines.append(
            f"| {people:,} | {first:.1f} | {rates['single sign-on']:.1f} | {rates['refresh']:.1f} "
            f"| {cores:.2f} | {sql:.2f} | {redis:.2f} | {log:.2f} |"
        )
    return "\n".join(lines)


def _waited() -> str:
    lines = [
        f"| 1,300,000: workers that serve {_HEAD}",
        "|---|---|---|---|---|---|",
    ]
    rates = Morning(1_300_000).rates()
    for workers in (5, 6, 8, 10, 12, 16, 24):
        lines.append(f"| {workers} {_told(simulate(rates, workers))}")
    return "\n".join(lines)


def _told(outcome: Outcome) -> str:
    thousandth = quantiles(outcome.waits, n=1000, method="inclusive")[-1]
    return (
        f"| {outcome.busy:.0%} | {_time(median(outcome.waits))} | {_time(outcome.wait(99))} | {_time(thousandth)} "
        f"| {outcome.longest} |"
    )


def _time(milliseconds: float) -> str:
    return (
        f"{milliseconds:.1f} ms" if milliseconds < _MILLISECONDS else f"{milliseconds / _MILLISECONDS:.0f} s"
    )


def _after_an_outage() -> str:
    """Everybody of the hour within ten minutes."""
    lines = [
        f"| The same people within ten minutes: workers that serve {_HEAD}",
        "|---|---|---|---|---|---|",
    ]
    rates = Morning(1_300_000, worst_minute=6.0).rates()
    for workers in (12, 16, 24, 32):
        lines.append(f"| {workers} {_told(simulate(rates, workers))}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(tables())
