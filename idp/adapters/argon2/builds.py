"""Which build of the argon2 library computes: one for this kind of processor where it was made, else the wheel's.

Contains the choice, anew at each start: a build that came here from another machine is used only if this processor has
the instructions that it was built with. Not here: making one (`.ci/argon2`).
"""

import importlib.util
import platform
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from idp.accounts.argon2id import Argon2id, StoredHash
from idp.adapters.argon2.library import Argon2Library

#: Where `.ci/argon2` puts what it makes.
FOLDER = Path(sys.prefix, "lib", "caducee")
#: By the flag that Linux shows of a processor that has these instructions, and whose system saves their registers.
FLAGS = {"x86_64": "avx2"}
WHEEL = "wheel"
_CPUINFO = Path("/proc/cpuinfo")
#: Of the tests of the reference library (test.c): "password", in the cheapest of its costs.
_KNOWN = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"


class WrongAnswer(Exception):
    """The library does not compute argon2id."""


@dataclass(frozen=True, slots=True)
class Build:
    """`name`: the instructions that it was built for, or WHEEL. `reason`: why the wheel's, in plain words."""

    library: Argon2Library
    name: str
    reason: str = ""


@cache
def choose(folder: Path = FOLDER, cpuinfo: Path = _CPUINFO) -> Build:
    """Returns the fastest that is sure to run here. Raises what the wheel's raises when it is broken."""
    flag = FLAGS.get(platform.machine(), "")
    file = file_of(folder, flag)
    reason = "none was made for this processor" if not file.is_file() else ""
    if not reason and flag not in _flags(cpuinfo):
        reason = f"the one that is here needs {flag}, which this processor lacks"
    if not reason:
        try:
            return Build(verified(file), flag)
        except (OSError, AttributeError, WrongAnswer) as error:
            reason = f"the one that is here cannot be used: {type(error).__name__}"
    return Build(verified(wheel()), WHEEL, reason)


def file_of(folder: Path, flag: str) -> Path:
    return folder / f"argon2-{flag}.so"


def verified(file: Path) -> Argon2Library:
    """Returns the library, after a known answer. Raises OSError, AttributeError, WrongAnswer."""
    library = Argon2Library(file)
    require_known_answer(library)
    return library


def require_known_answer(library: Argon2id) -> None:
    """Raises WrongAnswer."""
    known = StoredHash.read(_KNOWN)
    if (
        known is None
        or library.digest(b"password", known.salt, known.cost, len(known.digest)) != known.digest
    ):
        raise WrongAnswer


def wheel() -> Path:
    """Returns the library inside argon2-cffi-bindings, unloaded. Raises FileNotFoundError."""
    found = importlib.util.find_spec("_argon2_cffi_bindings")
    folders = [] if found is None else found.submodule_search_locations or []
    for folder in folders:
        for file in sorted(Path(folder).glob("_ffi*.so")):
            return file
    raise FileNotFoundError("argon2-cffi-bindings has no library")


def _flags(cpuinfo: Path) -> set[str]:
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:
        return set()
    return next((set(line.split()) for line in lines if line.startswith("flags")), set())
