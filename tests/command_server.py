"""`python -m tests.command_server FD`: imports every command once, then forks for each that is asked for on the socket.

A message is the arguments and the environment, with three files; the answers are the number of the process and, when
it has ended, its status. The child leaves the loop and becomes `python -m idp.cli`: it ends as an interpreter ends.
Contains no thread and no setting. Not here: who asks (`commands`).
"""

import gc
import importlib
import json
import os
import pkgutil
import runpy
import socket
import sys

import idp.cli
import idp.cli.main

_LONGEST = 1 << 20


def commands_for(channel: socket.socket) -> list[str]:
    """Returns in each child, with its command line. The parent ends when nobody can ask any more."""
    while True:
        message, files, _flags, _address = socket.recv_fds(channel, _LONGEST, 3)
        if not message:
            raise SystemExit
        pid = os.fork()
        if pid == 0:
            channel.close()
            arguments, variables = json.loads(message)
            os.environ.clear()
            os.environ.update(variables)
            for number, file in enumerate(files):
                os.dup2(file, number)
                os.close(file)
            return list(arguments)
        for file in files:
            os.close(file)
        channel.send(str(pid).encode())
        _, status = os.waitpid(pid, 0)
        channel.send(str(os.waitstatus_to_exitcode(status)).encode())


if __name__ == "__main__":
    # All but the one that runs where it is imported.
    for module in pkgutil.iter_modules(idp.cli.__path__):
        if module.name != "__main__":
            importlib.import_module(f"idp.cli.{module.name}")
    gc.freeze()
    sys.argv = ["idp", *commands_for(socket.socket(fileno=int(sys.argv[1])))]
    runpy.run_module("idp.cli", run_name="__main__", alter_sys=True)
