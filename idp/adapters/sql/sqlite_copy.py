"""A SQLite file copied while others write to it, and put in its place again.

By SQLite's own backup, in one step: it sees one commit and waits for nobody. Not here: the archive (`backup_file`).
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from idp.adapters.sql.columns import metadata


@contextmanager
def copied(file: Path) -> Iterator[tuple[Path, Mapping[str, int]]]:
    """Yields a copy, which is there for the block, and the rows of its tables. Raises sqlite3.Error, OSError."""
    copy = _beside(file, "copy")
    try:
        with closing(_connected(file, "ro")) as source, closing(_connected(copy, "rw")) as target:
            source.backup(target)
            # One file, without a log beside it.
            target.execute("PRAGMA journal_mode = DELETE").fetchall()
            rows = {
                table.name: target.execute(f'SELECT count(*) FROM "{table.name}"').fetchone()[0]  # noqa: S608
                for table in metadata.sorted_tables
            }
        yield copy, rows
    finally:
        copy.unlink(missing_ok=True)


@contextmanager
def in_place_of(file: Path) -> Iterator[Path]:
    """Yields the path of a file to be made, which takes the place of this one when the block ends well."""
    making = _beside(file, "restoring")
    try:
        yield making
        descriptor = os.open(making, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        for log in ("-wal", "-shm"):
            file.with_name(file.name + log).unlink(missing_ok=True)
        os.replace(making, file)
    finally:
        for end in ("", "-wal", "-shm"):
            making.with_name(making.name + end).unlink(missing_ok=True)


def _beside(file: Path, what: str) -> Path:
    """Returns an empty file on the same disk, for its owner alone. Raises OSError: another operator is at it."""
    path = file.with_name(f".{file.name}.{what}")
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    return path


def _connected(file: Path, mode: str) -> sqlite3.Connection:
    address = f"file:{quote(str(file.absolute()))}?mode={mode}"
    return sqlite3.connect(address, uri=True, isolation_level=None, timeout=60)
