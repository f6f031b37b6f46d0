"""Contains `idp serve`: what its first process does, which starts the workers and watches over them.

Not here: what they serve, and the look at the configuration before (`served`). This process imports neither, nor the
settings: it lives as long as they do, and its memory would be one more copy of theirs.
"""

import argparse
import os
from collections.abc import Callable
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from typing import Any

from idp.adapters.granian.server import WebServer
from idp.adapters.left_out import leave_out
from idp.core.share import cores, share


def serve(options: argparse.Namespace) -> int:
    """Serve by granian, one process for each core (docs/adr/0004)."""
    workers = options.workers or cores()
    status = _apart(partial(_of_served, "look", options.host, options.port))
    if status:
        return status
    own = share(processes=workers, threads=options.threads)
    server = WebServer(
        partial(_of_served, "load", own),
        partial(_of_served, "tls_options"),
        partial(_of_served, "beside", options.background),
        threads=options.threads,
        address=options.host,
        port=options.port,
        workers=workers,
    )
    try:
        server.run()
    finally:
        # Only now: what the workers counted lies in files, for each other.
        from idp.adapters.operations.meter_file import forget

        forget(os.getpid())
    return 0


def _apart(look: Callable[[], None]) -> int:
    """Returns the exit status of a look in a process of its own: what it imports and keeps is in none of the others."""
    looking = get_context("fork").Process(target=look)
    looking.start()
    looking.join()
    # A look that was killed has a negative one.
    return max(looking.exitcode, 1) if looking.exitcode else 0


def _of_served(name: str, *arguments: Any) -> Any:
    """In another process than this."""
    leave_out()
    return getattr(import_module("idp.cli.serve.served"), name)(*arguments)
