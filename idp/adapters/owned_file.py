"""Writing a file that only its owner reads: whole or not at all, and on the disk before we say so."""

import os
import stat
import tempfile
from pathlib import Path


def write_whole(path: Path, octets: bytes, *, like: Path) -> None:
    """`like`: the file or directory whose owner, and for a file whose mode, the new one takes. Raises OSError."""
    model = like.stat()
    # Of a directory only the owner counts; of a file, at most 0640 (facts/security CF4).
    mode = stat.S_IMODE(model.st_mode) & 0o640 if stat.S_ISREG(model.st_mode) else 0o600
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
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
    """The new name is on the disk too."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
