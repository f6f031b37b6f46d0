"""Contains the text of `/metrics`, by prometheus-client. Not here: counting (`core/meters`), the listener.

Loaded by the first who asks: no request of a person needs it.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client.core import CollectorRegistry, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from idp.adapters.operations.meter_file import drop_gauges_of_the_dead
from idp.core.readings import Reading

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


def exposition(directory: Path | None, readings: Iterable[Reading]) -> bytes:
    """Returns the numbers of all processes of this directory, if they share any, and these readings."""
    registry = CollectorRegistry()
    looked_up = tuple(readings)  # first: some of them count
    if directory is not None:
        drop_gauges_of_the_dead(directory)
        MultiProcessCollector(registry, path=str(directory))  # type: ignore[no-untyped-call]
    registry.register(_Readings(looked_up))
    return generate_latest(registry)


class _Readings(Collector):
    def __init__(self, readings: tuple[Reading, ...]) -> None:
        self._readings = readings

    def collect(self) -> Iterator[Metric]:
        families: dict[str, GaugeMetricFamily] = {}
        for one in self._readings:
            family = families.get(one.name)
            if family is None:
                names = [name for name, _value in one.labels]
                family = families[one.name] = GaugeMetricFamily(one.name, one.description, labels=names)
            family.add_metric([value for _name, value in one.labels], one.value)
        yield from families.values()
