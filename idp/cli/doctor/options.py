"""What an operator may type after `idp doctor`. Not here: what it does (`command`)."""

import argparse
from collections.abc import Callable


def add_doctor(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    doctor = add(
        "doctor",
        "doctor.command.doctor",
        "look at the whole installation: what is wrong, and what to do about it; status 1 when something is red",
    )
    # It tells what is wrong with them, and goes on.
    doctor.set_defaults(needs_settings=False)
    doctor.add_argument("--json", action="store_true", help="for programs")
