"""`idp serve`: the web processes."""

import argparse
import os

from granian import Granian
from granian.constants import Interfaces

from idp.app import create
from idp.settings import Settings


def serve(settings: Settings, options: argparse.Namespace) -> int:
    """granian, WSGI, one process per core (docs/adr/0004)."""
    create(settings)  # A fault of the configuration is told here, once, before any worker starts.
    Granian(
        "idp.app:application",
        address=options.host,
        port=options.port,
        interface=Interfaces.WSGI,
        workers=options.workers or os.cpu_count() or 1,
        blocking_threads=options.threads,
        factory=True,
        log_access=False,
        workers_kill_timeout=25,
    ).serve()
    return 0
