"""Contains /metrics: numbers of this process, in the text format of Prometheus. Not here: anything about a person."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from werkzeug.wrappers import Request, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    name: str
    #: "gauge" or "counter".
    kind: str
    description: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MetricsEndpoint:
    sources: tuple[Callable[[], Iterable[Sample]], ...]

    def __call__(self, request: Request) -> Response:
        samples = [sample for source in self.sources for sample in source()]
        return Response(exposition(samples), content_type="text/plain; version=0.0.4; charset=utf-8")


def exposition(samples: Iterable[Sample]) -> str:
    """Returns the text: samples of one name together, under one HELP and one TYPE."""
    by_name: dict[str, list[Sample]] = {}
    for sample in samples:
        by_name.setdefault(sample.name, []).append(sample)
    lines: list[str] = []
    for name, group in by_name.items():
        lines += [f"# HELP {name} {group[0].description}", f"# TYPE {name} {group[0].kind}"]
        lines += [f"{name}{_labels(sample.labels)} {sample.value}" for sample in group]
    return "".join(f"{line}\n" for line in lines)


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
