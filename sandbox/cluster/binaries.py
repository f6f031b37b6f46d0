"""Programs of the distribution, and Python's with settings of their own: where they are, how they are started.

Contains finding the former, and starting both. Not here: their arguments (`programs`).
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sandbox.demo.processes import Place, Process, Program, Start, tie_to

#: Where Debian has them, which the PATH of a user may lack.
_SEARCHED: Final = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
_IS_ROOT: Final = os.geteuid() == 0


class Missing(Exception):
    """A program is not installed. The message names its package."""


@dataclass(frozen=True, slots=True)
class Node(Program):
    """One of Python's. `variables`: beside the environment of all."""

    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Binary(Program):
    """`arguments`: the whole command line. `variables`: beside the environment of all. `user`: as whom, None: as we."""

    variables: tuple[tuple[str, str], ...] = ()
    user: str | None = None


def found(name: str, package: str) -> str:
    """Returns the path of a program. Raises Missing."""
    place = shutil.which(name, path=_SEARCHED)
    if place is None:
        raise Missing(f"{name} is not installed: apt-get install {package}")
    return place


def of_postgresql(name: str) -> str:
    """The same for a program of the newest PostgreSQL; Debian keeps them out of PATH."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return str(places[-1]) if places else found(name, "postgresql")


def owner_of_postgresql() -> str | None:
    """Returns as whom PostgreSQL runs: it refuses root."""
    return "postgres" if _IS_ROOT else None


def starting(start_python: Start) -> Start:
    """Returns what starts programs of every kind."""

    def start_node(program: Node, place: Place) -> Process:
        return start_python(
            program, replace(place, environment={**place.environment, **dict(program.variables)})
        )

    kinds: dict[type[Program], Callable[..., Process]] = {
        Program: start_python,
        Node: start_node,
        Binary: _start,
    }
    return lambda program, place: kinds[type(program)](program, place)


def _start(program: Binary, place: Place) -> Process:
    parent = os.getpid()
    return subprocess.Popen(  # noqa: S603 no shell
        program.arguments,
        cwd="/" if program.user else place.root,
        env={**place.environment, **dict(program.variables)},
        stdin=subprocess.DEVNULL,
        stdout=place.output,
        stderr=subprocess.STDOUT,
        process_group=0,
        user=program.user,
        group=program.user,
        extra_groups=[] if program.user else None,
        preexec_fn=lambda: tie_to(parent),
    )
