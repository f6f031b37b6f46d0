"""`idp clients secret`: a secret for a relying party, and the line of clients.yaml that knows only its digest.

Contains making one, on the screen or in a file, and the digest of one that the relying party chose. Needs no settings.
Not here: which secrets are good (`clients/client_secrets`).
"""

import argparse
import os
import sys
from getpass import getpass
from pathlib import Path

from idp.clients.client_secrets import MAKE_ONE, digest_of, is_guessed, made_secret, secret_fault
from idp.core.texts import is_encodable

_NO_TEXT = "a secret of UTF-8 text"
_ALREADY_THERE = 3


def secret(options: argparse.Namespace) -> int:
    chosen = _given() if options.given else made_secret()
    if chosen is None:
        return 1
    if options.file is not None:
        return _put(options.file, chosen)
    if not options.given:
        print(f"{chosen}  # for the relying party, by a safe way: it is kept nowhere here")
    _print_member(chosen)
    return 0


def _put(path: Path, text: str) -> int:
    """Raises OSError."""
    try:
        # Never over a file that is there, nor through a link: it may be the secret of another.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        print(f"idp: {path} is there already: choose another name, or remove it", file=sys.stderr)
        return _ALREADY_THERE
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{text}\n")
    print(
        f"{path}: the secret, readable by its owner alone. What it holds goes to the relying party, by a safe way."
    )
    print("Into its entry in clients.yaml, one of the two:")
    print(
        f"    client_secret: {{file: {path}}}  # a path that is not absolute begins at the folder of its file"
    )
    print(f"    client_secret: {{sha256: {digest_of(text).hex()}}}  # the file may then be removed here")
    return 0


def _given() -> str | None:
    """Returns what was typed; None when it is no secret, which is told.

    Not as an argument: other users of the machine would see it, and the shell would keep it.
    """
    chosen = _typed()
    fault = _NO_TEXT if chosen is None else secret_fault(chosen)
    if fault is None and chosen is not None and is_guessed(digest_of(chosen)):
        fault = "no word of an example"
    if fault is None:
        return chosen
    print(f"idp: expected {fault}; {MAKE_ONE}", file=sys.stderr)
    return None


def _typed() -> str | None:
    """Returns None for what is no text."""
    try:
        typed = getpass("Secret: ") if sys.stdin.isatty() else sys.stdin.readline()
    except UnicodeDecodeError:
        return None
    # As `{file: …}` is read (`clients/values`): what an editor put around it is no part of it.
    chosen = typed.removeprefix("\ufeff").strip()
    return chosen if is_encodable(chosen) else None


def _print_member(text: str) -> None:
    print(f"client_secret: {{sha256: {digest_of(text).hex()}}}  # into its entry in clients.yaml")
