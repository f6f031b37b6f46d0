"""What a changed file of clients would change: who comes, who goes, who may do more, who less.

Contains the comparison. Not here: which way a member goes (`clients/about`), reading (`clients/reading`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from idp.clients.about import ABOUT
from idp.clients.directions import Direction, Step
from idp.clients.reading import Entry


@dataclass(frozen=True, slots=True)
class Change:
    """Of one client. `steps`: each with the member it is of."""

    client_id: str
    steps: tuple[tuple[str, Step], ...]

    def is_some(self, direction: Direction) -> bool:
        return any(step.direction is direction for _, step in self.steps)


@dataclass(frozen=True, slots=True)
class Changes:
    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]
    changed: tuple[Change, ...]

    @property
    def loosens(self) -> bool:
        """Whether anybody may do more than before: a new client may."""
        return bool(self.added) or any(change.is_some(Direction.LOOSENS) for change in self.changed)


def changes(before: Sequence[Entry], after: Sequence[Entry]) -> Changes:
    """Both without fault, but for secrets that were not read."""
    old, new = _by_id(before), _by_id(after)
    both = [(name, tuple(_steps(old[name], new[name]))) for name in new if name in old]
    return Changes(
        added=tuple(entry for name, entry in new.items() if name not in old),
        removed=tuple(entry for name, entry in old.items() if name not in new),
        changed=tuple(Change(name, steps) for name, steps in both if steps),
    )


def _by_id(entries: Sequence[Entry]) -> Mapping[str, Entry]:
    return {entry.values["client_id"]: entry for entry in entries}


def _steps(before: Entry, after: Entry) -> Iterator[tuple[str, Step]]:
    for name, about in ABOUT.items():
        # A secret that is not here is compared by nobody.
        if name not in before.values or name not in after.values:
            continue
        if before.values[name] != after.values[name]:
            for step in about.judge(before.values[name], after.values[name]):
                yield name, step
