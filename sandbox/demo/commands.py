"""How a command of the sandbox begins and ends: the options that each has, signals, what it complains of.

Contains status 0: stopped when asked; the others are the command's. Not here: what it starts.
"""

import argparse
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

import requests

from sandbox.demo.accounts import UnexpectedPage
from sandbox.demo.driver import NotOnThePage, TooManyRedirects
from sandbox.demo.mailbox import NoMail
from sandbox.demo.places import Places, StateUnusable
from sandbox.demo.ports import PortTaken
from sandbox.demo.processes import ChildDied, Children, end_with_parent
from sandbox.demo.programs import READY_WITHIN_SECONDS, NotReady

_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
#: Before anything is started, and while it is.
REFUSED = (PortTaken, StateUnusable, ValueError, OSError)
CANNOT_START = (
    *(PortTaken, StateUnusable, ChildDied, NotReady, UnexpectedPage, NotOnThePage, TooManyRedirects, NoMail),
    *(requests.RequestException, OSError),
)


class StopRequested(BaseException):
    """SIGTERM, SIGINT or SIGHUP came."""


@dataclass(frozen=True, slots=True)
class Command:
    """`name`: the package below `sandbox`, and what stands before a complaint."""

    name: str

    def parser(self, description: str, *, base: int, ports: str, state: Path) -> argparse.ArgumentParser:
        """Returns one with what every command takes. `ports`: which are taken from the base on."""
        parser = argparse.ArgumentParser(prog=f"python -m sandbox.{self.name}", description=description)
        add = parser.add_argument
        add("--ready-file", type=Path, metavar="F", help="write F (JSON) when everything answers")
        add("--port-base", type=int, default=base, metavar="N", help=f"{ports} (default %(default)s)")
        add("--state-dir", type=Path, default=state, metavar="DIR", help="what is kept between two runs")
        add(
            "--ready-within",
            type=float,
            default=READY_WITHIN_SECONDS,
            metavar="SECONDS",
            help="give up when a program does not answer by then (default %(default)s)",
        )
        add("--end-with-parent", action="store_true", help="stop when the calling process ends")
        return parser

    @staticmethod
    def run(options: argparse.Namespace, work: Callable[[], int]) -> int:
        """Returns its exit status, 0 when a signal ended it."""
        if options.end_with_parent:
            end_with_parent()
        for number in _STOPPING:
            signal.signal(number, _ask)
        try:
            return work()
        except StopRequested:
            return 0

    def complain(self, refusal: Exception, status: int = 2) -> int:
        print(f"{self.name}: {refusal}", file=sys.stderr, flush=True)
        return status

    def cannot_start(self, refusal: Exception, places: Places) -> int:
        status = self.complain(refusal)
        remedy = f"rm -r {shlex.quote(str(places.state))}"
        print(f"{self.name}: to start afresh: {remedy}", file=sys.stderr, flush=True)
        return status


@contextmanager
def ending(children: Children) -> Iterator[None]:
    """None of them outlives this block, however it ends."""
    try:
        yield
    except StopRequested:
        print("\nStopping.", flush=True)
        raise
    finally:
        children.stop()


def _ask(number: int, frame: FrameType | None) -> NoReturn:
    for each in _STOPPING:  # further signals are ignored: the stop must not be interrupted
        signal.signal(each, signal.SIG_IGN)
    raise StopRequested
