"""`python -m tests.command_server FD`: imports all programs once, then forks for each that is asked for on the socket.

A message is a directory, the module, its arguments and the environment, with three files and a socket; what is sent on
that socket is the number of the process and, when it has ended, its status. The server waits for messages and for ends
at once, and ends when nobody can ask any more. A child leaves the loop and becomes `python -m MODULE`. Contains no
thread and no setting. Not here: who asks (`commands`), how a program runs and ends (`forked`).
"""

import dataclasses
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import tempfile
from functools import cache
from io import TextIOWrapper
from types import CodeType
from typing import Any, TextIO

import idp.cli
import idp.cli.main
from tests.forked import preload, run_to_the_end

_LONGEST = 1 << 20


def commands_for(channel: socket.socket) -> list[str]:
    """Returns in each child, with its module and arguments. The server ends when nobody can ask any more."""
    waiting = select.poll()
    waiting.register(channel, select.POLLIN)
    answers: dict[int, tuple[int, int]] = {}  # by what tells that the process ended: that process, who asked
    while True:
        for ready, _event in waiting.poll():
            if ready in answers:
                waiting.unregister(ready)
                _tell_end(ready, *answers.pop(ready))
                continue
            message, files, _flags, _address = socket.recv_fds(channel, _LONGEST, 4)
            if not message:
                raise SystemExit
            *own, asked = files
            pid = os.fork()
            if pid == 0:
                channel.close()
                for number in (asked, *answers, *(whom for _pid, whom in answers.values())):
                    os.close(number)
                return _command(message, own)
            for number in own:
                os.close(number)
            _say(asked, str(pid))
            ends = os.pidfd_open(pid)
            answers[ends] = pid, asked
            waiting.register(ends, select.POLLIN)


def _tell_end(ends: int, pid: int, whom: int) -> None:
    _, status = os.waitpid(pid, 0)
    _say(whom, str(os.waitstatus_to_exitcode(status)))
    os.close(ends)
    os.close(whom)


def _command(message: bytes, own: list[int]) -> list[str]:
    """Of the child."""
    # As a shell starts a command: whatever began the tests may have had it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, file in enumerate(own):
        os.dup2(file, number)
        os.close(file)
    _open_anew()
    place, module, arguments, variables = json.loads(message)
    os.chdir(place)
    os.environ.clear()
    os.environ.update(variables)
    tempfile.tempdir = None  # that of its own environment
    return [module, *arguments]


def _open_anew() -> None:
    """What the streams know of their files was true of the server's: a pipe cannot be asked where it stands."""
    sys.stdout = _stream(1, sys.stdout, by_line=os.isatty(1))
    sys.stderr = _stream(2, sys.stderr, by_line=True)


def _stream(number: int, was: TextIO, *, by_line: bool) -> TextIO:
    told = {"encoding": was.encoding, "errors": was.errors, "line_buffering": by_line}
    return TextIOWrapper(open(number, "wb", closefd=False), **told)


def _say(answers: int, text: str) -> None:
    """Unless nobody listens any more."""
    try:
        os.write(answers, text.encode())
    except BrokenPipeError:
        return


def _run_compiled(text: str, *names: dict[str, Any]) -> None:
    exec(_compiled(text), *names)  # noqa: S102 as dataclasses do


@cache
def _compiled(text: str) -> CodeType:
    return compile(text, "<string>", "exec")


if __name__ == "__main__":
    # They write their methods as text. Of a module that is loaded once more (`afresh`) it is compiled already.
    vars(dataclasses)["exec"] = _run_compiled
    # All but the one that runs where it is imported.
    for module in pkgutil.walk_packages(idp.cli.__path__, "idp.cli."):
        if not module.name.endswith(".__main__"):
            importlib.import_module(module.name)
    preload()
    gc.freeze()
    module, *arguments = commands_for(socket.socket(fileno=int(sys.argv[1])))
    sys.argv = ["idp", *arguments]
    run_to_the_end(module)
