"""Contains what may be typed after `idp keys`. Not here: the commands (`command`)."""

import argparse
from collections.abc import Callable

from idp.cli.listing import add_json


def add_keys(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    add_json(add("keys list", "keys.command.list_keys", "kid, algorithm, state, since, until"))
    generate = add(
        "keys generate",
        "keys.command.generate",
        "make the first token signing keys, or announce the next ones",
    )
    _add_key_place(generate)
    rotate = add("keys rotate", "keys.command.rotate", "announce the next key; it signs once caches know it")
    rotate.add_argument("--alg", choices=("RS256", "ES256"), help="default: both")
    rotate.add_argument("--now", action="store_true", help="it signs at once: cached key sets do not know it")
    _add_key_place(rotate)
    retire = add("keys retire", "keys.command.retire", "let a key that signs no more leave the key set early")
    retire.add_argument("kid", metavar="KID")
    retire.add_argument(
        "--compromised", action="store_true", help="it leaves now, its tokens fail; a successor signs at once"
    )


def _add_key_place(parser: argparse.ArgumentParser) -> None:
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--pkcs11",
        metavar="URI",
        dest="place",
        help="in this token (pkcs11:token=…); for `generate` also a pair that is there (…;object=… or …;id=…)",
    )
    place.add_argument(
        "--in-file",
        action="store_const",
        const="file",
        dest="place",
        help="in a file, even where the present key is in hardware",
    )
    parser.set_defaults(place="same")
