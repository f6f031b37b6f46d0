"""Contains what may be typed after `idp psc`. Not here: the command (`command`)."""

import argparse
from collections.abc import Callable


def add_psc(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    add(
        "psc check",
        "psc.command.check",
        "compare Pro Santé Connect with its preset, and ask whether it knows us",
    )
