"""Contains what may be typed after `idp trust`. Not here: the commands (`command`)."""

import argparse
from collections.abc import Callable
from pathlib import Path

from idp.cli.listing import add_json


def add_trust(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    files = add(
        "trust add", "trust.command.add", "install authorities of IGC-Santé, compared with their fingerprints"
    )
    files.add_argument("files", metavar="FILE", type=Path, nargs="+", help="PEM, DER or PKCS#7")
    add_json(
        add(
            "trust list",
            "trust.command.list_authorities",
            "authority, role, how it is pinned, end, fingerprint",
        )
    )
    add("trust check", "trust.command.check", "validity of the authorities and of the revocation lists")
    add(
        "trust refresh",
        "trust.command.refresh",
        "fetch the revocation lists that are due, as the worker does",
    )
