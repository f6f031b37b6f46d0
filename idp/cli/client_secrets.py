"""`idp clients secret`: a secret for a relying party, and the line of clients.yaml that knows only its digest.

Contains making one, and the digest of one that the relying party chose. Needs no settings, writes only on the screen.
Not here: which secrets are good (`clients/client_secrets`).
"""

import argparse
import sys
from getpass import getpass

from idp.clients.client_secrets import MAKE_ONE, digest_of, is_guessed, made_secret, secret_fault
from idp.core.texts import is_encodable

_NO_TEXT = "a secret of UTF-8 text"


def secret(options: argparse.Namespace) -> int:
    if options.given:
        return _given()
    made = made_secret()
    print(f"{made}  # for the relying party, by a safe way: it is kept nowhere here")
    _print_member(made)
    return 0


def _given() -> int:
    """Not as an argument: other users of the machine would see it, and the shell would keep it."""
    try:
        typed = getpass("Secret: ") if sys.stdin.isatty() else sys.stdin.readline()
    except UnicodeDecodeError:
        return _refused(_NO_TEXT)
    # As `{file: …}` is read (`clients/values`): what an editor put around it is no part of it.
    chosen = typed.removeprefix("\ufeff").strip()
    if not is_encodable(chosen):
        return _refused(_NO_TEXT)
    fault = secret_fault(chosen) or ("no word of an example" if is_guessed(digest_of(chosen)) else None)
    if fault is not None:
        return _refused(fault)
    _print_member(chosen)
    return 0


def _refused(expected: str) -> int:
    print(f"idp: expected {expected}; {MAKE_ONE}", file=sys.stderr)
    return 1


def _print_member(text: str) -> None:
    print(f"client_secret: {{sha256: {digest_of(text).hex()}}}  # into its entry in clients.yaml")
