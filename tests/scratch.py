"""Where a run writes: in memory when there is room, since databases and cards are files.

Everything is in one folder, which goes away after a run without a failure, else before the next run. Contains this
folder, which the workers of a run share. Not here: what is made in it (`made_once`).
"""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

#: Names the folder to the workers, which inherit it. No `CADUCEE_…`: the provider refuses settings it does not know.
SHARED = "TESTS_SHARED"
_PREFIX = "caducee-tests-"
_MEMORY = Path("/dev/shm")  # noqa: S108 not a name to be guessed: directories are made in it by mkdtemp
#: Several times what a run leaves lying at one time; containers often have 64 MB there.
_ROOM_BYTES = 2 << 30


def choose() -> None:
    """Before anything is written, and before the workers are started."""
    if SHARED in os.environ:
        return
    is_free = "TMPDIR" not in os.environ and _has_room(_MEMORY)
    place = _MEMORY if is_free else Path(tempfile.gettempdir())
    _remove_those_of_ended_runs(place)
    shared = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place))
    shared.chmod(0o711)  # PostgreSQL runs as somebody else, in a folder of its own within
    os.environ[SHARED] = os.environ["TMPDIR"] = tempfile.tempdir = str(shared)


def remove() -> None:
    """All but what `multiprocessing` keeps there and takes away itself, later, when the interpreter ends."""
    for found in Path(os.environ[SHARED]).iterdir():
        if not found.name.startswith("pymp-"):
            shutil.rmtree(found, ignore_errors=True) if found.is_dir() else found.unlink(missing_ok=True)
    with suppress(OSError):
        Path(os.environ[SHARED]).rmdir()


def _remove_those_of_ended_runs(place: Path) -> None:
    for found in place.glob(f"{_PREFIX}*-*"):
        process = found.name.removeprefix(_PREFIX).partition("-")[0]
        with suppress(OSError):
            if found.stat().st_uid == os.getuid() and not Path(f"/proc/{process}").exists():
                shutil.rmtree(found, ignore_errors=True)


def _has_room(place: Path) -> bool:
    return place.is_dir() and os.access(place, os.W_OK) and shutil.disk_usage(place).free > _ROOM_BYTES
