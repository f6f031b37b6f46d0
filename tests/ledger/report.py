"""docs/faults.md, written from a run. Not here: the run."""

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tests.ledger.after import PROMISES
from tests.ledger.book import Outcome, Window
from tests.ledger.kinds import KINDS
from tests.ledger.people import RACERS
from tests.ledger.run import HEALS, HURTS, Run, Suffered
from tests.limits import SLOWNESS

_HEAD = """\
# Faults

Written by `make faults`. Two providers behind nginx, a worker, a card host, PostgreSQL, Redis with a replica and three
sentinels (`make cluster`), each a process of its own; people at work all the while, who write down what they were
answered: codes redeemed by {racers} at one instant, refresh tokens turned and presented again, tokens revoked, postal
addresses changed, passwords guessed, sign-ins by card, by password and mail code, by Pro Santé Connect. A supervisor
starts again what ended, as systemd or Docker does; nothing else is done.

What was acknowledged has to be there afterwards; what was refused or not answered may be there or not. After a backup
that was restored, what was acknowledged since it began may be lost, and everything that people held is void.
"""
_HURT = """\
What people were answered from its beginning until every node was ready again: without an answer are those whose
connection broke, or who waited for more than 15 s. A damage whose row is marked must hurt somebody, or the run fails;
the others are to hurt nobody, and are seen to have happened (the process is gone, the clock is told to be apart).
"""


@dataclass(frozen=True)
class Report:
    run: Run
    suffered: Mapping[str, Suffered]
    findings: Sequence[str]
    seconds: float
    at: datetime
    #: Load average before it began: of others.
    load: float

    def page(self) -> str:
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield _HEAD.format(racers=RACERS)
        yield (
            f"Run of {self.at:%Y-%m-%d}, {self.seconds / 60:.0f} minutes, Python {platform.python_version()},"
            f" {os.cpu_count()} processors, on which {self.load:.0f} processes were at work or waiting when it began."
            f" Limits of time are {SLOWNESS:g} times what is said here.\n"
        )
        yield "## What was promised\n"
        yield "| Promise | Broken |\n|---|---|"
        for name in (*PROMISES, HEALS, HURTS):
            yield f"| {name} | {sum(told.startswith(f'{name}: ') for told in self.findings)} |"
        yield ""
        yield from self._told_in_words()
        yield "## What was done, whom it hurt, and how long it took to heal\n"
        yield _HURT
        yield _row("Damage", "must hurt", *Outcome, "slowest, s", "healed after, s")
        yield "|---|---|" + "---|" * (len(Outcome) + 2)
        for name, one in self.suffered.items():
            yield self._told_of(name, one)
        yield "\n| In all | times |\n|---|---|"
        for name, times in sorted(self.run.damage.done.items()):
            yield _row(name, f"{times:,}")
        yield "\n## What people were answered\n"
        yield _row("Act", *Outcome, "slowest, s") + "\n|---|" + "---|" * (len(Outcome) + 1)
        whole = self.run.ledger.whole
        for act in sorted(whole.slowest):
            yield _row(act, *_numbers(whole, act), f"{whole.slowest[act]:.1f}")

    def _told_of(self, name: str, one: Suffered) -> str:
        must = "yes" if name in KINDS and KINDS[name].felt is not None else ""
        return _row(name, must, *_numbers(one.window), f"{one.window.longest():.1f}", f"{one.healed:.1f}")

    def _told_in_words(self) -> Iterator[str]:
        if self.findings:
            yield "What broke them:\n"
            yield from (f"- {told}" for told in self.findings)
            yield ""


def _numbers(window: Window, act: str = "") -> Iterator[str]:
    return (f"{window.of(outcome, act=act):,}" for outcome in Outcome)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
