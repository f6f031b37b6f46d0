"""Writing a file that only its owner reads: completely or not at all, and on the disk before the call returns."""

import os
import stat
import tempfile
from pathlib import Path


def write_whole(path: Path, octets: bytes, *, like: Path) -> None:
    """`like`: a file or directory. The new file takes its owner and, if it is a file, its mode. Raises OSError."""
    model = like.stat()
    # At most 0640 (facts/security CF4). The mode of a directory says nothing about files: then 0600.
    mode = stat.S_IMODE(model.st_mode) & 0o640 if stat.S_ISREG(model.st_mode) else 0o600
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            # Only root may give a file away: `idp keys` run as root must leave files that the server reads.
            if os.geteuid() == 0:
                os.fchown(file.fileno(), model.st_uid, model.st_gid)
            os.fchmod(file.fileno(), mode | stat.S_IRUSR | stat.S_IWUSR)
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    """Write the directory to the disk too: the new name is an entry of it."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
