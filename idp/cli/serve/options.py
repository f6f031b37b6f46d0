"""Contains what may be typed after `idp serve`. Not here: the command (`command`). Imports nothing that serves."""

import argparse
from collections.abc import Callable

from idp.cli.worker.options import add_background, number_to

_LAST_PORT = 65535
_MOST_OF_A_NODE = 1024


def add_serve(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    server = add("serve", "serve.command.serve", "serve the provider")
    server.set_defaults(needs_settings=False)  # Its first process does without.
    server.add_argument("--host", default="127.0.0.1")
    server.add_argument("--port", type=number_to(_LAST_PORT), default=8400)
    server.add_argument("--workers", type=number_to(_MOST_OF_A_NODE), default=0, help="default: one per core")
    server.add_argument(
        "--threads", type=number_to(_MOST_OF_A_NODE), default=16, help="blocking threads per worker"
    )
    add_background(server)
