"""The data file of coverage.py, from what the processes of a run reached.

usage: python -m tests.reached      writes .coverage; of what, `marks.WRITTEN_TO` and `MEASURED` say

Contains the arcs that coverage.py expects. Not here: the report, and what is demanded (`.ci/coverage`).
"""

import ast
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from coverage import Coverage
from coverage.parser import PythonParser

from tests.reached.marks import BRANCHES, MEASURED, WRITTEN_TO, Place


class BranchUnknown(Exception):
    """Coverage.py sees a branch at this line, for which there are no marks: they know `if`, `for` and `while`."""


def main() -> None:
    reached: dict[str, set[Place]] = defaultdict(set)
    for written in Path(os.environ[WRITTEN_TO]).glob("*.json"):
        for file, places in json.loads(written.read_text()).items():
            reached[file].update(Place(*place) for place in places)
    coverage = Coverage(data_file=".coverage")
    coverage.erase()
    data = coverage.get_data()
    excluded = "|".join(f"(?:{it})" for it in coverage.get_option("report:exclude_lines"))
    for package in os.environ[MEASURED].split():
        for file in Path(package.replace(".", "/")).resolve().rglob("*.py"):
            data.add_arcs({str(file): set(arcs_of(file.read_text(), reached[str(file)], excluded))})
            data.touch_file(str(file))  # one that no test imports is in the report too
    data.write()


def arcs_of(source: str, reached: Iterable[Place], excluded: str = "") -> Iterator[tuple[int, int]]:
    """Raises: BranchUnknown."""
    ends = ends_of(source, excluded)
    for place in reached:
        if place.entered is None:
            yield place.line, place.line  # a line that was reached, wherever it led
        elif place.line in ends:  # else its condition is a constant: no branch
            yield place.line, ends[place.line][place.entered]


def ends_of(source: str, excluded: str = "") -> dict[int, tuple[int, int]]:
    """Where each branch leads, by its line: past its body, and into it.

    Raises: BranchUnknown.
    """
    parser = PythonParser(text=source, filename="measured", exclude=excluded or None)
    parser.parse_source()
    led: dict[int, set[int]] = defaultdict(set)
    for start, end in parser.arcs():
        led[start].add(end)
    bodies = {
        node.lineno: range(node.lineno + 1, (node.body[-1].end_lineno or 0) + 1)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, BRANCHES)
    }
    ends = {}
    for line in (line for line, count in parser.exit_counts().items() if count > 1):
        body = bodies.get(line, range(0))
        inside, outside = ([end for end in led[line] if (end in body) is found] for found in (True, False))
        if (len(inside), len(outside)) != (1, 1):
            raise BranchUnknown(line)
        ends[line] = (outside[0], inside[0])
    return ends


if __name__ == "__main__":
    main()
