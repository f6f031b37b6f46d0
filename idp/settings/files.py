"""Contains the only reader of files that an operator names: regular ones, of a size that fits, at once or not at all.

A pipe would be waited for, a device never ends. Not here: what a file holds; files that only we write.
"""

import codecs
import errno
import os
import stat
from pathlib import Path

#: Certificates of every public authority of the Web take a quarter of it.
MOST_BYTES = 1024 * 1024


class NotRegular(OSError):
    """A pipe, a device, a socket."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EINVAL, "Not a regular file", str(path))


class TooLarge(OSError):
    def __init__(self, path: Path, most: int) -> None:
        super().__init__(errno.EFBIG, f"Larger than {most // 1024} KiB", str(path))


class NotText(OSError):
    """Says nothing of the octets: they may be a secret."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EILSEQ, "Not UTF-8 text", str(path))


def require_file(path: Path, most: int = MOST_BYTES) -> Path:
    """Returns the path, for a library that reads the file itself. Raises OSError."""
    # Before it is opened: opening a pipe waits for its writer, opening a device may do something.
    found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(found.st_mode):
        raise NotRegular(path)
    if found.st_size > most:
        raise TooLarge(path, most)
    return path


def read_octets(path: Path, most: int = MOST_BYTES) -> bytes:
    """Raises OSError: NotRegular, TooLarge, or what the machine says."""
    with require_file(path, most).open("rb") as file:
        octets = file.read(most + 1)
    if len(octets) > most:
        raise TooLarge(path, most)
    return octets


def read_words(path: Path, most: int = MOST_BYTES) -> str:
    """Returns UTF-8 text, without the mark that some editors put before it. Raises OSError, which may be NotText."""
    try:
        return read_octets(path, most).removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError:
        raise NotText(path) from None


def stamp_of(path: Path) -> object:
    """Returns what changes when the file does, or another takes its place, or `chmod` opens it. None: no such file."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return (found.st_ino, found.st_ctime_ns, found.st_mtime_ns, found.st_size)
