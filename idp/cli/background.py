"""Commands that run beside the web processes until they are stopped.

Contains the worker and the card host. Not here: what the worker does (`work`), a web framework, which neither loads.
"""

import argparse
import signal
from collections.abc import Callable

from idp.cli.work import Work
from idp.core.logs import configure_logging, log_what_nobody_caught
from idp.settings import Settings
from idp.wiring.audit import send_lines_to_the_end
from idp.wiring.card_host import build_card_listener
from idp.wiring.resources import open_resources


def _on_stop(act: Callable[[], None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _signal, _frame: act())


def card_host(settings: Settings, options: argparse.Namespace) -> int:
    configure_logging()
    log_what_nobody_caught()
    send_lines_to_the_end(settings)
    resources = open_resources(settings)
    listener = build_card_listener(resources)
    _on_stop(listener.shutdown)
    listener.serve_forever()
    return 0


def worker(settings: Settings, options: argparse.Namespace) -> int:
    """Work until told to stop. Returns 1 when a lane died: whoever started the worker starts it again."""
    configure_logging()
    log_what_nobody_caught()
    send_lines_to_the_end(settings)
    work = Work(open_resources(settings), "worker")
    _on_stop(work.stop)
    return 1 if work.run() else 0
