"""The demo under test, known by its ready file alone: `python -m sandbox.demo` as `make demo` calls it, or, some
seconds of a processor cheaper, forked with its programs from what imported them (`forked_demo`, `commands`).

Contains starting, ending, what the ready file offers by name. Not here: journeys.
"""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.demo.driver import Browser, Card
from sandbox.demo.mailbox import Mailbox
from tests.commands import Started, place_program
from tests.limits import within
from tests.made_once import place_demo_state

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 30  # a first start, on a machine that does nothing else
STOP_SECONDS = 5  # the promise, on a machine that does nothing else
_KILL_SECONDS = 30
AS_IT_IS, BY_MAKE, FORKED = "sandbox.demo", "make demo", "tests.forked_demo"
_PORTS = 13  # with those of an nginx in front


@dataclass(frozen=True)
class Demonstration:
    """`ready` is the ready file as parsed."""

    ready: dict[str, Any]
    process: subprocess.Popen[str] | Started
    state: Path

    @property
    def issuer(self) -> str:
        return str(self.ready["issuer"])

    def client(self, client_id: str) -> dict[str, Any]:
        return _named(self.ready["clients"], "client_id", client_id)

    def card(self, name: str) -> dict[str, Any]:
        return _named(self.ready["cards"], "name", name)

    def account(self, card: str) -> dict[str, Any]:
        """The account of the holder of this card."""
        return _named(self.ready["accounts"], "rpps", self.card(card)["rpps"])

    def browser(self, card: str | None = None, **options: Any) -> Browser:
        """A fresh browser, with this card in the reader; close it, or use it in a `with`."""
        found = self.card(card) if card else None
        inserted = Card(found["certificate"], found["key"]) if found else None
        return Browser(inserted, self.ready["ca_bundle"], **options)

    def mailbox(self) -> Mailbox:
        return Mailbox(self.ready["mailbox"])

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """`idp …` with the settings of this demo."""
        return command_of(self.state, *arguments)


def command_of(state: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """What the file `idp` of a demo does, but for the command itself, which is forked."""
    program, forked = state / "forked", state / "idp-forked"
    number = place_program(program)
    told, _exec, _command = (state / "idp").read_text().rpartition("exec ")
    forked.write_text(f'{told}exec {program} "$@"\n')
    return subprocess.run(
        ["sh", forked, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=within(60),
        pass_fds=(number,),
        check=False,
    )


def _named(entries: list[dict[str, Any]], member: str, value: str) -> dict[str, Any]:
    return next(entry for entry in entries if entry[member] == value)


@contextmanager
def running_demo(state: Path, *arguments: str) -> Iterator[Demonstration]:
    """A demo in this state directory, on free ports. On leaving, every process it named has ended by itself.

    A state without an IGC begins with what was made once (`made_once`).
    """
    if not (state / "igc").exists():
        place_demo_state(state)
    with demo_in(state, *arguments) as running:
        yield running
        assert seconds_to_end(running.process, running.ready["pids"], signal.SIGTERM) < within(_KILL_SECONDS)
        assert running.process.returncode == 0


@contextmanager
def demo_in(state: Path, *arguments: str, program: str = FORKED) -> Iterator[Demonstration]:
    """A demo that the caller ends, on what is in the directory; what is not there is made by the demo."""
    ready_path = state / "ready.json"
    ready_path.unlink(missing_ok=True)  # that of an earlier run would be believed before the demo removes it
    told = ("--ready-file", str(ready_path), *arguments)
    process = START[program](state, *told)
    try:
        yield Demonstration(_wait_for(ready_path, process), process, state)
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=within(20))


def fork_demo(state: Path, *arguments: str) -> Started:
    return Started(_options(state, arguments), os.environ, FORKED)


def start_demo(state: Path, *arguments: str) -> subprocess.Popen[str]:
    """As it is."""
    return subprocess.Popen(
        [sys.executable, "-m", AS_IT_IS, *_options(state, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def make_demo(state: Path, *arguments: str) -> subprocess.Popen[str]:
    """As it is, by the command that the documentation names."""
    return subprocess.Popen(
        ["make", "demo", f"ARGS={shlex.join(_options(state, arguments))}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


#: How a demo is started: from nothing, by `make`, or as all others of the tests are.
START: Mapping[str, Callable[..., "subprocess.Popen[str] | Started"]] = {
    AS_IT_IS: start_demo,
    BY_MAKE: make_demo,
    FORKED: fork_demo,
}


def _options(state: Path, arguments: Sequence[str]) -> list[str]:
    patience = str(within(START_SECONDS))
    told = ["--state-dir", str(state), "--end-with-parent", "--ready-within", patience, *arguments]
    return told if "--port-base" in arguments else [*told, "--port-base", str(free_port_base())]


def _wait_for(ready_path: Path, process: subprocess.Popen[str] | Started) -> dict[str, Any]:
    deadline = time.monotonic() + within(START_SECONDS)
    while not ready_path.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.terminate()
            raise AssertionError(f"the demo did not start:\n{process.communicate(timeout=within(20))[0]}")
        time.sleep(0.05)
    content: dict[str, Any] = json.loads(ready_path.read_text())
    return content


def seconds_to_end(
    process: subprocess.Popen[str] | Started, pids: list[int], number: signal.Signals
) -> float:
    """How long after this signal to the demo until none of these processes is left. Kills what hangs."""
    process.send_signal(number)
    began = time.monotonic()
    while any(is_alive(pid) for pid in pids if pid != process.pid) or process.poll() is None:
        if time.monotonic() - began > within(_KILL_SECONDS):
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            break
        time.sleep(0.02)
    took = time.monotonic() - began
    process.communicate(timeout=within(20))
    return took


def is_alive(pid: int) -> bool:
    """Whether it runs; a zombie that was not waited for yet does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"


def free_port_base(count: int = _PORTS) -> int:
    """Returns the first of so many free ports in a row, below those that the kernel gives out."""
    # A range of its own for each worker of one run: two that look at the same ports would both find them free.
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 5
    start = 10_000 + worker * 4_000 + os.getppid() * 16 % 2_000
    for base in range(start, start + 2_000, 16):
        if all(_is_free(port) for port in range(base, base + count)):
            return base
    raise AssertionError("no free ports in a row")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
