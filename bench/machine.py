"""The machine and the versions that a result is of."""

import contextlib
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from bench.peers.node import version as node_version
from bench.processes import Missing, postgresql_directory

_DISTRIBUTIONS = (
    "granian",
    "flask",
    "sqlalchemy",
    "psycopg",
    "redis",
    "hiredis",
    "cryptography",
    "argon2-cffi",
)


def hardware() -> Iterator[tuple[str, str]]:
    processor = re.search(r"model name\s*: (.+)", _read("/proc/cpuinfo"))
    memory = re.search(r"MemTotal:\s+(\d+)", _read("/proc/meminfo"))
    yield "Processor", f"{processor[1] if processor else platform.machine()}, {os.cpu_count()} cores"
    yield "Memory", f"{int(memory[1]) / 2**20:.0f} GiB" if memory else ""
    yield "System", f"{platform.system()} {platform.release().partition('-')[0]}"


def software() -> Iterator[tuple[str, str]]:
    # A distribution's is built with its profile (PGO, LTO), and half as fast again as one that was not.
    built = "of the distribution" if sys.base_prefix == "/usr" else "not of the distribution"
    yield "Python", f"{platform.python_version()}, {built}"
    yield (
        "Libraries",
        ", ".join(f"{name} {found}" for name in _DISTRIBUTIONS if (found := _distribution(name))),
    )
    with contextlib.suppress(Missing):
        yield "PostgreSQL", _told(str(postgresql_directory() / "postgres"), "--version")
    yield "Redis", _told("redis-server", "--version")
    yield "Node", _told("node", "--version")
    yield "npm oidc-provider", node_version()


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _distribution(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _told(program: str, option: str) -> str:
    if shutil.which(program) is None:
        return ""
    said = subprocess.run([program, option], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+(\.\d+)+", said)
    return found[0] if found else ""
