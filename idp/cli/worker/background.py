"""Commands that run beside the web processes until they are stopped.

Contains the worker and the card host. Not here: what the worker does (`work`), a web framework, which neither loads.
"""

import argparse
import os
import signal
import threading
from collections.abc import Callable

from idp.cli.worker.pulse import signs_of_life
from idp.cli.worker.work import Work
from idp.core.heartbeats import CARD_HOST
from idp.core.logs import configure_logging, log_what_nobody_caught
from idp.settings import Settings
from idp.wiring.audit import send_lines_to_the_end
from idp.wiring.card_host import build_card_listener
from idp.wiring.operations import open_operations_beside
from idp.wiring.resources import open_resources


def _on_stop(act: Callable[[], None]) -> None:
    """Call `act` at the first SIGTERM or SIGINT, in a thread that the kernel's signal itself wakes: a handler in Python
    waits for the first thread, which waits on when the signal came in the instant before its wait, or at another one.
    """
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _signal, _frame: None)

    def wait() -> None:
        os.read(woken, 1)
        act()

    threading.Thread(target=wait, name="stop", daemon=True).start()


def card_host(settings: Settings, options: argparse.Namespace) -> int:
    configure_logging()
    log_what_nobody_caught()
    send_lines_to_the_end(settings)
    resources = open_resources(settings)
    listener = build_card_listener(resources)
    open_operations_beside(resources, settings.operations.card_host_port)
    _on_stop(listener.shutdown)
    with signs_of_life(resources.database, resources.clock, CARD_HOST, "card-host"):
        listener.serve_forever()
    return 0


def worker(settings: Settings, options: argparse.Namespace) -> int:
    """Work until told to stop. Returns 1 when a lane died: whoever started the worker starts it again."""
    configure_logging()
    log_what_nobody_caught()
    send_lines_to_the_end(settings)
    resources = open_resources(settings)
    work = Work(resources, "worker")
    open_operations_beside(resources, settings.operations.worker_port)
    _on_stop(work.stop)
    return 1 if work.run() else 0
