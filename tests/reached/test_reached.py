"""What the marks say is what coverage.py's own tracer says, of the same run."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from coverage import Coverage

from tests.reached.__main__ import BranchUnknown, ends_of
from tests.reached.marks import MEASURED, WRITTEN_TO

_PROGRAM = '''\
"""Docstring."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import (
    cache,
)
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(
    frozen=True,
)
class Kept:
    """Docstring."""

    member: int = 1
    """Of an attribute."""

    def unreached(self) -> int:
        return self.member


@cache
def one_way(number: int) -> str:
    """Docstring."""
    if number > 1:
        return "more"
    elif number < 0:
        return "less"
    return "none"


def both_ways(number: int) -> None:
    if (
        number
        > 1
    ):
        number += 1


def ends_of_loops(numbers: list[int]) -> int:
    for number in numbers:
        if number == 3:
            continue
        if number == 4:
            break
    else:
        return 1
    while numbers:
        numbers.pop()
    for _never in numbers:
        number = 1
    while True:
        number += 1
        if number > 9:
            return number


def never_exhausted(numbers: list[int]) -> None:
    for number in numbers:
        return


def failing(kind: type[Exception]) -> None:
    try:
        raise kind
    except ValueError as error:
        str(error)
    finally:
        str(kind)
    with open(__file__) as file:
        if file:
            raise KeyError
        str(kind)


def never() -> None:
    if sys.argv:
        str()


one_way(2)
both_ways(1)
both_ways(2)
ends_of_loops([1, 3, 4])
never_exhausted([1])
try:
    failing(ValueError)
except KeyError:
    kept = Kept(
        member=2,
    )
'''


@pytest.fixture
def package(tmp_path: Path) -> Path:
    package = tmp_path / "measured"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "program.py").write_text(_PROGRAM)
    (package / "unimported.py").write_text("if True:\n    never = 1\n")
    (tmp_path / "reached").mkdir()
    return package


def _run(package: Path, *arguments: str) -> None:
    root = Path(__file__).parents[2]
    told = {WRITTEN_TO: str(package.parent / "reached"), MEASURED: "measured", "PYTHONPATH": str(root)}
    subprocess.run([sys.executable, *arguments], cwd=package.parent, env=told, check=True)


def _report(package: Path) -> dict[str, Any]:
    file = package.parent / "report.json"
    coverage = Coverage(data_file=str(package.parent / ".coverage"), branch=True, source=[str(package)])
    coverage.load()
    coverage.json_report(outfile=str(file))
    files = json.loads(file.read_text())["files"]
    # The branches that were taken are named by what follows them in its bytecode too: those that were not are compared.
    return {
        Path(name).name: {it: found[it] for it in ("executed_lines", "missing_lines", "missing_branches")}
        for name, found in files.items()
    }


def test_the_marks_say_what_a_tracer_says(package):
    _run(package, "-m", "coverage", "run", "--branch", "--source=measured", "-m", "measured.program")
    traced = _report(package)

    _run(package, "-c", "import tests.reached, measured.program")
    _run(package, "-m", "tests.reached")

    assert _report(package) == traced
    assert len(traced["program.py"]["missing_branches"]) > 5
    assert traced["unimported.py"]["executed_lines"] == []


def test_nothing_is_marked_that_is_not_asked_for(package):
    _run(
        package, "-c", "import tests.reached, measured.program, json; assert '__reached__' not in vars(json)"
    )


def test_a_branch_of_another_kind_is_not_passed_over():
    with pytest.raises(BranchUnknown):
        ends_of("match 1:\n    case 1:\n        a = 1\n    case 2:\n        a = 2\n")
