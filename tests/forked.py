"""Programs that are forked from a process which imported all of them, instead of started anew.

A Python that imports the provider takes two seconds of a processor before its first line of ours, and compiles
templates for half a second more. A forked program is as it would be otherwise: a process of its own, tied to its
parent, with its environment, log and end. Not here: which programs (`sandbox.demo`), who asks (`commands`).
"""

import atexit
import gc
import importlib
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
import traceback
from contextlib import suppress
from typing import NoReturn

from sqlalchemy import Engine

from idp.wiring.web import open_templates
from sandbox.demo.processes import Place, Program, tie_to

_PAUSE_SECONDS = 0.01


class Forked:
    """Of `subprocess.Popen`, what the demo asks of a child."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while (ended := self.poll()) is None:
            if deadline is not None and time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
            time.sleep(_PAUSE_SECONDS)
        return ended

    def send_signal(self, number: int, /) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def fork(program: Program, place: Place) -> Forked:
    _flush()
    parent = os.getpid()
    pid = os.fork()
    if not pid:
        os.setpgid(0, 0)
        tie_to(parent)
        _stand_at(place)
        _become(program)
    return Forked(pid)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


def _stand_at(place: Place) -> None:
    """As a program that was just started: its files, its directory, its environment, no handler of a signal."""
    # What the demo opened is closed here, and no object of it may close a file that gets the number later.
    gc.freeze()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number in (1, 2):
        os.dup2(place.output.fileno(), number)
    for opened in map(int, os.listdir("/proc/self/fd")):
        if opened > 2:
            with suppress(OSError):  # the list itself
                os.close(opened)
    for each in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if callable(signal.getsignal(each)):
            signal.signal(each, signal.SIG_DFL)
    os.chdir(place.root)
    os.environ.clear()
    os.environ.update(place.environment)


def _become(program: Program) -> NoReturn:
    """Run it as an interpreter does, to the end of its process: no frame of the demo may unwind in it."""
    sys.argv = list(program.arguments)
    run_to_the_end(program.arguments[0])


def run_to_the_end(module: str) -> NoReturn:
    """`python -m` of this module, until its process ends: with its threads, what it registered for then, and its words,
    but without taking apart each object, which would copy the memory that it shares."""
    status = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        status = _status_of(end)
    except BaseException as error:
        traceback.print_exc()
        status = 1
        if isinstance(error, KeyboardInterrupt):
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    _close_databases()
    _flush()
    os._exit(status)


def _close_databases() -> None:
    """Whoever lets go of a database closes it, and SQLite then writes what stands in its log into its file."""
    for found in gc.get_objects():
        if type(found) is Engine:
            found.dispose()


def _status_of(end: SystemExit) -> int:
    """As docs.python.org/3/library/exceptions.html#SystemExit has it."""
    if end.code is None or isinstance(end.code, int):
        return end.code or 0
    print(end.code, file=sys.stderr)
    return 1


def preload() -> None:
    """Everything that its programs import when they start, and the templates, compiled."""
    commands = "keys.command serve.command serve.served trust.command worker.background worker.embedded"
    for module in (
        *(f"idp.cli.{name}" for name in commands.split()),
        *(f"sandbox.{name}.__main__" for name in ("cluster", "demo", "mail", "psc", "rp", "style_guide")),
        "sandbox.igc.responder",
    ):
        importlib.import_module(module)
    open_templates(None)
