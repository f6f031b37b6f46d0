"""The figures of `bench/check.json`, and what is too much.

Contains reading and writing them, and the comparison. Not here: counting.

Why counts and no times: on a machine whose other core is busy, the CPU time of one and the same flow, least of eighty,
was seen to be 32 and 46 times that of the floor measured beside it. What goes over the wire and how many instructions
are executed is the same whatever the neighbours do, to a hundredth. What one instruction cannot tell, a call into
cryptography or argon2, is counted by itself.
"""

import json
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

Step = Mapping[str, int]
"""What one endpoint takes in a flow, by the name of what is counted; what is not there is none."""
Flow = Mapping[str, Step]
Flows = Mapping[str, Flow]

INSTRUCTIONS = "instructions"
#: A flow may execute so much more than the file says.
MARGIN = 0.15
FILE = Path(__file__).parent.parent / "check.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """`step`: of the flow; empty for the whole of it."""

    flow: str
    step: str
    name: str
    allowed: int
    found: int

    def __str__(self) -> str:
        at = f"{self.flow} {self.step}".strip()
        return f"{at}: {self.name}: {self.found}, and {self.allowed} are in {FILE.name}"


@dataclass(frozen=True, slots=True)
class Figures:
    """`python`: its minor version; each compiles the same source to other instructions."""

    python: str
    flows: Flows

    def excesses(self, allowed: "Figures") -> Iterator[Excess]:
        for flow, steps in self.flows.items():
            known = allowed.flows.get(flow, {})
            for step, found in steps.items():
                yield from _more(flow, step, found, known.get(step, {}))
            if self.python == allowed.python:
                yield from _heavier(flow, instructions(steps), instructions(known))

    def is_cheaper(self, allowed: "Figures") -> bool:
        """Whether the file allows what nothing needs any more."""
        return any(
            found.get(name, 0) < most
            for flow, steps in allowed.flows.items()
            for step, known in steps.items()
            for name, most in known.items()
            if name != INSTRUCTIONS and (found := self.flows.get(flow, {}).get(step, {})) is not None
        )


def this_python() -> str:
    return ".".join(platform.python_version_tuple()[:2])


def instructions(steps: Flow) -> int:
    return sum(step.get(INSTRUCTIONS, 0) for step in steps.values())


def _more(flow: str, step: str, found: Step, known: Step) -> Iterator[Excess]:
    for name, count in found.items():
        most = known.get(name, 0)
        if name != INSTRUCTIONS and count > most:
            yield Excess(flow=flow, step=step, name=name, allowed=most, found=count)


def _heavier(flow: str, found: int, known: int) -> Iterator[Excess]:
    if found > known * (1 + MARGIN):
        yield Excess(
            flow=flow, step="", name=f"{INSTRUCTIONS} (15 % more are let be)", allowed=known, found=found
        )


def read_figures(path: Path = FILE) -> Figures:
    """Returns what is committed; nothing is allowed by a file that is not there."""
    if not path.exists():
        return Figures(this_python(), {})
    read = json.loads(path.read_text("utf-8"))
    return Figures(read["python"], read["flows"])


def write_figures(figures: Figures, path: Path = FILE) -> None:
    """Write one line for each endpoint, so that a commit shows what it changed."""
    flows = ",\n".join(
        f'  "{flow}": {{\n'
        + ",\n".join(
            f"   {json.dumps(step, ensure_ascii=False)}: {json.dumps(found)}" for step, found in steps.items()
        )
        + "\n  }"
        for flow, steps in figures.flows.items()
    )
    path.write_text(f'{{\n "python": "{figures.python}",\n "flows": {{\n{flows}\n }}\n}}\n', "utf-8")
