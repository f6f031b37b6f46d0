"""`idp …` as an operator types it: what it says and its exit status, with the least settings and those of a test.

A Python that imports the provider takes half a second of a processor before its first line of ours. So each process of
tests starts one (`command_server`), which forks for each command: a process of its own with its own environment, files
and end, in which the real program runs from its first line. That this is the same as a start from nothing is proved for
one command of each module (tests/cli/test_starts.py). Contains also the environment and the command line, for tests
that start a program which goes on running.
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.limits import within

ROOT = Path(__file__).parents[1]
_LEAST = {
    "ISSUER": "https://id.example",
    "CARD_HOST": "https://carte.id.example",
    "APPLICATION_KEY": "k" * 43,
    "PASSWORD_PEPPER": "p" * 43,
}
_SECONDS = 60.0


def environment(**settings: str) -> dict[str, str]:
    """That of this run with the least settings and these, by their names without prefix; none of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CADUCEE_")}
    return kept | {f"CADUCEE_{name}": value for name, value in (_LEAST | settings).items()}


def set_environment(patch: pytest.MonkeyPatch, **settings: str) -> None:
    """The same for a command that a test calls in its own process."""
    for name, value in environment(**settings).items():
        patch.setenv(name, value)


def command_line(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "idp.cli", *arguments]


def idp(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """What a command that ends by itself says. Raises TimeoutExpired."""
    return _server().run(arguments, environment(**settings))


class _Server:
    """The process that forks for each command: one at a time."""

    def __init__(self) -> None:
        self.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            # In a session of its own: a ^C ends it when this process ends, and without a word.
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.command_server", str(theirs.fileno())],
                cwd=ROOT,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        atexit.register(self.end, os.getpid())

    def end(self, owner: int) -> None:
        if os.getpid() == owner:
            self.channel.close()
            self.process.wait()

    def run(
        self, arguments: tuple[str, ...], variables: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        asked = json.dumps([arguments, dict(variables)]).encode()
        with open(os.devnull) as said, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            files = [file.fileno() for file in (said, out, err)]
            socket.send_fds(self.channel, [asked], files)
            status = self._status(int(self._answer(within(_SECONDS))), arguments)
            told = [os.pread(file, os.fstat(file).st_size, 0).decode() for file in files[1:]]
        return subprocess.CompletedProcess(command_line(*arguments), status, *told)

    def _status(self, pid: int, arguments: tuple[str, ...]) -> int:
        try:
            return int(self._answer(within(_SECONDS)))
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            self._answer(None)
            raise subprocess.TimeoutExpired(command_line(*arguments), within(_SECONDS)) from None

    def _answer(self, seconds: float | None) -> bytes:
        self.channel.settimeout(seconds)
        answer = self.channel.recv(100)
        assert answer, "the process that forks for each command has ended"
        return answer


_server = cache(_Server)
