"""Contains how long calls took, of the files that a service's processes share. Not here: what is timed
(`core/measures`)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.multiprocess import MultiProcessCollector

from idp.core.cells import Merge


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """`half`, `most`: half of the calls, and 95 in a hundred, took so many seconds at most; infinite beyond what is
    measured."""

    label: str
    calls: int
    half: float
    most: float


def latencies(directory: Path, family: str) -> Iterator[Latency]:
    """Yields those of a histogram of one label that were called, by its values."""
    files = [str(file) for file in sorted(directory.glob(f"{Merge.HISTOGRAM}_*.db"))]
    for metric in MultiProcessCollector.merge(files):  # type: ignore[no-untyped-call]
        if metric.name == family:
            yield from _of_each(_buckets(metric))


def _buckets(metric: object) -> Mapping[str, dict[float, float]]:
    """Returns the calls up to each bound, by the value of the label."""
    found: dict[str, dict[float, float]] = {}
    for sample in getattr(metric, "samples", ()):
        if sample.name.endswith("_bucket"):
            (value,) = (value for name, value in sample.labels.items() if name != "le")
            found.setdefault(value, {})[float(sample.labels["le"])] = sample.value
    return found


def _of_each(buckets: Mapping[str, Mapping[float, float]]) -> Iterator[Latency]:
    for label, calls in sorted(buckets.items()):
        total = max(calls.values())
        if total:
            half, most = (
                min(bound for bound, number in calls.items() if number >= share * total)
                for share in (0.5, 0.95)
            )
            yield Latency(label=label, calls=int(total), half=half, most=most)
