"""`python -m tests.forked_cluster …`: the cluster, with its Python programs forked from it (`forked`).

A test may lay out how one of them is started the next time: `<name>.json` in PLACE_OF_STARTS of the state directory,
with `environment` (null: without that variable) and `root` (the directory of its code). It is then started anew, not
forked. Not here: which tests do so.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

from sandbox.cluster.__main__ import main
from sandbox.demo.processes import Place, Process, Program, start_python
from tests.cluster import PLACE_OF_STARTS
from tests.forked import fork, preload


def start(program: Program, place: Place) -> Process:
    # Logs are in a directory of the state directory.
    file = Path(place.output.name).parents[1] / PLACE_OF_STARTS / f"{program.name}.json"
    if not file.exists():
        return fork(program, place)
    told = json.loads(file.read_text())
    changed = {**place.environment, **told["environment"]}
    environment = {name: value for name, value in changed.items() if value is not None}
    return start_python(
        program, replace(place, root=Path(told["root"] or place.root), environment=environment)
    )


if __name__ == "__main__":
    preload()
    sys.exit(main(start))
