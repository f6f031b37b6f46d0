"""`python -m tests.command_server FD`: imports all programs once, then forks for each that is asked for on the socket.

A message is a directory, the module, its arguments and the environment, with three files and a socket; what is sent on
that socket is the number of the process and, when it has ended, its status. Each program has a keeper that waits for
it, so the server never waits; it ends with the server, as a program that is tied to its parent does then. A child
leaves the loop and becomes `python -m MODULE`: it ends as an interpreter ends. Contains no thread and no setting. Not
here: who asks (`commands`).
"""

import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
import tempfile
from io import TextIOWrapper
from typing import TextIO

import idp.cli
import idp.cli.main
from sandbox.demo.processes import tie_to
from tests.forked import preload

_LONGEST = 1 << 20


def commands_for(channel: socket.socket) -> list[str]:
    """Returns in each child, with its module and arguments. The server ends when nobody can ask any more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # of its keepers
    server = os.getpid()
    while True:
        message, files, _flags, _address = socket.recv_fds(channel, _LONGEST, 4)
        if not message:
            raise SystemExit
        if os.fork() == 0:
            tie_to(server)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            # As a shell starts a command: whatever began the tests may have had it ignored.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            channel.close()
            return _command(message, files)
        for file in files:
            os.close(file)


def _command(message: bytes, files: list[int]) -> list[str]:
    """Returns in the child of a keeper; the keeper ends with it."""
    *own, answers = files
    pid = os.fork()
    if pid:
        for file in own:
            os.close(file)
        os.write(answers, str(pid).encode())
        _, status = os.waitpid(pid, 0)
        _say(answers, str(os.waitstatus_to_exitcode(status)))
        os._exit(0)
    os.close(answers)
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


if __name__ == "__main__":
    # All but the one that runs where it is imported.
    for module in pkgutil.walk_packages(idp.cli.__path__, "idp.cli."):
        if not module.name.endswith(".__main__"):
            importlib.import_module(module.name)
    preload()
    gc.freeze()
    module, *arguments = commands_for(socket.socket(fileno=int(sys.argv[1])))
    sys.argv = ["idp", *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
