"""Contains the options of `idp card`. Not here: the command (`command`)."""

import argparse
from collections.abc import Callable
from pathlib import Path


def add_card(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    for name, run, help_text in (
        ("list", "list_cards", "cards in the readers, and tries left of their PIN"),
        ("show", "show", "what the provider would see of a card, and why it would refuse it"),
        ("test", "test", "the same, and a signature with its authentication key: asks for the PIN, once"),
    ):
        command = add(f"card {name}", f"card.command.{run}", help_text)
        command.set_defaults(needs_settings=False)
        command.add_argument("--module", type=Path, help="PKCS#11 module (default: Cryptolib CPS)")
        command.add_argument("--card", metavar="NAME", help="label or number, when there are several")
        command.add_argument(
            "--trust",
            type=Path,
            action="append",
            default=[],
            metavar="FILE",
            help="IGC-Santé, PEM; repeatable",
        )
        command.add_argument("--accept-test-cards", action="store_true", help="as a provider in test mode")
        command.add_argument("--accept-employee-cards", action="store_true", help="as one that takes them")
        command.add_argument("--lang", choices=("fr", "en"), default="fr")
