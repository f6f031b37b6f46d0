"""Where a run writes: in memory when there is room, since databases and cards are files; removed at its end.

Contains the choice of the temporary directory and the folder that the workers of one run share. Not here: what is
made in them (`made_once`).
"""

import os
import shutil
import tempfile
from pathlib import Path

#: Names the folder to the workers, which inherit it.
SHARED = "CADUCEE_TESTS_SHARED"
_MEMORY = Path("/dev/shm")  # noqa: S108 not a name to be guessed: directories are made in it by mkdtemp
#: Several times what a run leaves lying at one time; containers often have 64 MB there.
_ROOM_BYTES = 2 << 30


def choose() -> None:
    """Before anything is written, and before the workers are started."""
    if SHARED in os.environ:
        return
    if "TMPDIR" not in os.environ and _has_room(_MEMORY):
        os.environ["TMPDIR"] = str(_MEMORY)
        tempfile.tempdir = None  # found out anew
    os.environ[SHARED] = tempfile.mkdtemp(prefix="caducee-tests-")


def remove() -> None:
    """Called in the process that chose it, once the workers are gone."""
    shutil.rmtree(os.environ.pop(SHARED), ignore_errors=True)


def _has_room(place: Path) -> bool:
    return place.is_dir() and os.access(place, os.W_OK) and shutil.disk_usage(place).free > _ROOM_BYTES
