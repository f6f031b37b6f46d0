"""docs/faults.md, written from a run. Not here: the run."""

import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tests.ledger.after import PROMISES
from tests.ledger.book import Outcome
from tests.ledger.people import RACERS
from tests.ledger.run import HEALED_WITHIN, Run

_HEAD = """\
# Faults

Written by `make faults`. Two providers behind nginx, a worker, a card host, PostgreSQL, Redis with a replica and three
sentinels (`make cluster`), each a process of its own; people at work all the while, who write down what they were
answered: codes redeemed by {racers} at one instant, refresh tokens turned and presented again, tokens revoked, postal
addresses changed, passwords guessed. A supervisor starts again what ended, as systemd or Docker does; nothing
else is done.

What was acknowledged has to be there afterwards; what was refused or not answered may be there or not.
"""


@dataclass(frozen=True)
class Report:
    run: Run
    #: Of each kind of damage, how many seconds until every node was ready again.
    healed: Mapping[str, float]
    findings: Sequence[str]
    seconds: float
    at: datetime

    def page(self) -> str:
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield _HEAD.format(racers=RACERS)
        yield f"Run of {self.at:%Y-%m-%d}, {self.seconds / 60:.0f} minutes, Python {platform.python_version()}.\n"
        yield "## What was promised\n"
        yield "| Promise | Broken |\n|---|---|"
        for name in PROMISES:
            yield f"| {name} | {sum(told.startswith(f'{name}: ') for told in self.findings)} |"
        late = sum(seconds > HEALED_WITHIN for seconds in self.healed.values())
        yield f"| every node is ready again, by itself, within {HEALED_WITHIN:g} s | {late} |\n"
        yield from self._told_in_words()
        yield "## What was done, and how long it took to heal\n"
        yield "| Damage | s |\n|---|---|"
        for name, seconds in self.healed.items():
            yield f"| {name} | {seconds:.1f} |"
        yield "\n| In all | times |\n|---|---|"
        for name, times in sorted(self.run.damage.done.items()):
            yield f"| {name} | {times:,} |"
        yield "\n## What people were answered\n"
        yield "| Act | " + " | ".join(Outcome) + " |\n|---|" + "---|" * len(Outcome)
        counts = self.run.ledger.counts
        for act in sorted({act for act, _outcome in counts}):
            yield (
                f"| {act.replace('_', ' ')} | "
                + " | ".join(f"{counts[act, outcome]:,}" for outcome in Outcome)
                + " |"
            )

    def _told_in_words(self) -> Iterator[str]:
        if self.findings:
            yield "What broke them:\n"
            yield from (f"- {told}" for told in self.findings)
            yield ""
