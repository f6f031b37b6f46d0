"""`idp doctor`: the whole installation, a line for each finding. Exit status 0: nothing is red; 1: something is.

Contains how findings are printed. Not here: what is asked (`wiring/doctor`).
"""

import argparse
from collections.abc import Iterable
from dataclasses import asdict

from idp.cli.visible import json_text
from idp.core.finding import Finding, State
from idp.core.logs import silent_logs
from idp.settings.usable import usable_from_environment
from idp.wiring.doctor.examine import examine

_WIDTH = 28


def doctor(options: argparse.Namespace) -> int:
    """Print what is found, red first. Amber alone is no failure: a nightly call must not cry wolf."""
    with silent_logs():
        found = examine(usable_from_environment())
    if options.json:
        print(json_text([asdict(one) for one in found]))
    else:
        _print(found)
    return int(any(one.state is State.RED for one in found))


def _print(found: Iterable[Finding]) -> None:
    for one in found:
        remedy = f" → {one.remedy}" if one.remedy else ""
        print(f"{one.state.upper():5}  {one.name:{_WIDTH}}  {one.says}{remedy}")
    counted = {state: sum(one.state is state for one in found) for state in State}
    print(", ".join(f"{number} {state}" for state, number in counted.items()))
