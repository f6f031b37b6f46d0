"""Signals as they may come at a process of several threads.

Contains one that another thread takes. Not here: how a process is started or ended (`commands`, `servers`).
"""

import ctypes
import os
from pathlib import Path


def signal_another_thread(process: int, number: int) -> None:
    """Let it be taken by a thread that is not the first: what that one waits for goes on, as when the signal comes
    in the instant before its wait begins. Raises OSError when the process has no other thread."""
    others = [int(task.name) for task in Path(f"/proc/{process}/task").iterdir() if int(task.name) != process]
    libc = ctypes.CDLL(None, use_errno=True)
    if not others or libc.tgkill(process, others[0], number):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
