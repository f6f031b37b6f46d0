"""Sandbox programs under test: started as a person would, waited for by their `ready`, ended by SIGTERM."""

import select
import socket
import subprocess
import sys
from pathlib import Path

from tests.limits import within

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(*arguments: str) -> subprocess.Popen[str]:
    """`python -m` with these arguments, once it said `ready`."""
    command = [sys.executable, "-m", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], within(40))
    said = process.stdout.readline() if readable else "nothing"
    if said != "ready\n":
        process.kill()
        process.communicate()
        raise AssertionError(f"{arguments[0]} said {said!r} instead of ready")
    return process


def stop(process: subprocess.Popen[str]) -> int:
    """The exit status after SIGTERM."""
    process.terminate()
    try:
        process.communicate(timeout=within(10))
    finally:
        process.kill()
        process.communicate()
    return process.returncode
