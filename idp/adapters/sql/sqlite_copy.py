"""A SQLite file copied while others write to it, and put in its place again.

By SQLite's own backup, in one step: it sees one commit and waits for nobody. Not here: the archive (`backup_file`).
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from idp.adapters.sql.columns import metadata

#: What SQLite keeps beside a file.
_LOGS = ("-wal", "-shm")


@contextmanager
def copied(file: Path) -> Iterator[tuple[Path, Mapping[str, int]]]:
    """Yields a copy, which is there for the block, and the rows of its tables. Raises sqlite3.Error, OSError."""
    with _beside(file, "copy") as copy:
        with closing(_connected(file, "ro")) as source, closing(_connected(copy, "rw")) as target:
            source.backup(target)
            # One file, without a log beside it.
            target.execute("PRAGMA journal_mode = DELETE").fetchall()
            rows = {
                table.name: target.execute(f'SELECT count(*) FROM "{table.name}"').fetchone()[0]  # noqa: S608
                for table in metadata.sorted_tables
            }
        yield copy, rows


@contextmanager
def in_place_of(file: Path) -> Iterator[Path]:
    """Yields the path of a file to be made, which takes the place of this one when the block ends well."""
    with _beside(file, "restoring") as making:
        yield making
        _sync(making)
        for log in _LOGS:
            file.with_name(file.name + log).unlink(missing_ok=True)
        os.replace(making, file)
        _sync(file.parent)


@contextmanager
def _beside(file: Path, what: str) -> Iterator[Path]:
    """Yields an empty file on the same disk, for its owner alone; it is gone afterwards.

    What a call that was killed left there is overwritten. Raises BlockingIOError: another operator is at it.
    """
    path = file.with_name(f".{file.name}.{what}")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BlockingIOError(error.errno, "another operator is at it", str(path)) from None
        os.ftruncate(descriptor, 0)
        try:
            yield path
        finally:
            for end in ("", *_LOGS):
                path.with_name(path.name + end).unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _connected(file: Path, mode: str) -> sqlite3.Connection:
    address = f"file:{quote(str(file.absolute()))}?mode={mode}"
    return sqlite3.connect(address, uri=True, isolation_level=None, timeout=60)
