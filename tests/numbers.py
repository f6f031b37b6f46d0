"""The numbers that `/metrics` tells, of this process and of a house in it, by the name and labels they have there.

Counts are of the whole process, whatever tests ran before: a test looks at what was added (`added`).
"""

from collections.abc import Callable, Iterator

from idp.core import measures
from idp.core.meters import Counter, Family, Times
from idp.core.readiness import Verdict
from idp.wiring.readings import readings
from idp.wiring.resources import build_clock_watch
from tests.provider import Provider


def counted() -> dict[str, float]:
    """What this process counted."""
    return dict(_counted())


def looked_up(house: Provider) -> dict[str, float]:
    parts = house.parts
    assert parts is not None
    found = tuple(readings(parts, Verdict(()), build_clock_watch(parts.resources)))
    return {_named(one.name, one.labels): one.value for one in found} | counted()


def added(act: Callable[[], object]) -> dict[str, float]:
    """What the counts rose by meanwhile."""
    before = counted()
    act()
    return {
        name: more for name, value in counted().items() if (more := round(value - before.get(name, 0), 6))
    }


def _counted() -> Iterator[tuple[str, float]]:
    for family in vars(measures).values():
        if not isinstance(family, Family):
            continue
        for values, one in family.children():
            labels = tuple(zip(family.labels, values, strict=True))
            if isinstance(one, Times):
                yield _named(f"{family.name}_count", labels), one.count
            else:
                name = f"{family.name}_total" if isinstance(family, Counter) else family.name
                yield _named(name, labels), one.value


def _named(name: str, labels: tuple[tuple[str, str], ...]) -> str:
    told = ",".join(f'{label}="{value}"' for label, value in labels)
    return f"{name}{{{told}}}" if told else name
