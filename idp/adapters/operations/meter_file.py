"""The numbers of a process in files that its siblings read, and that outlive it.

Contains the files of prometheus-client's multiprocess mode, written without it: its own counter takes a clock, a lock
and a packed pair for each increment, and to import it costs every worker memory. Here a number is a cell of a mapped
file (docs/adr/0049). A process that begins takes the files of one that ended, and goes on counting there: so a worker
that died keeps its counts, and there are never more files than processes. Not here: reading them (`exposition`).
"""

import fcntl
import hashlib
import json
import mmap
import os
import re
import shutil
import stat
import struct
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from idp.core.cells import Cell, Merge, Numbers

_HEAD = struct.Struct("i")
_ROOM = {Merge.COUNTER: 1 << 18, Merge.HISTOGRAM: 1 << 19, Merge.SUM: 1 << 16}
_MOST_PROCESSES = 4096
_DOUBLE = 8
_PREFIX = "caducee-meters-"
_NAME = re.compile(
    _PREFIX + r"(?:(?P<here>[0-9a-f]{16})-)?(?P<service>[0-9]{1,10})(?:-(?P<began>[0-9]{1,20}))?"
)
#: Since the last sign of a service elsewhere.
_LEFT_SECONDS = 24 * 3600


class NoRoom(Exception):
    """The directory cannot be used, or is on a full disk: numbers stay in the process."""


def directory_of(service: int) -> Path:
    """Returns the directory of the processes that one process started. `service`: the number of that process.

    Two containers may share the folder, and each call its first process 1: the name says which boot of which machine,
    which set of process numbers, and when the process began.
    """
    return Path(tempfile.gettempdir()) / f"{_PREFIX}{_here()}-{service}-{_began(service)}"


def forget(service: int) -> None:
    """Delete the numbers of a service that ended."""
    shutil.rmtree(directory_of(service), ignore_errors=True)


def forget_the_dead(now: float) -> None:
    """Delete the numbers of services that were killed. `now`: in seconds since 1970, as files are dated."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        # What is another user's stays: it cannot be deleted.
        with suppress(OSError):
            if _is_of_the_dead(path, now):
                shutil.rmtree(path, ignore_errors=True)


def _is_of_the_dead(directory: Path, now: float) -> bool:
    """Raises OSError."""
    found = _NAME.fullmatch(directory.name)
    if found is None or not directory.is_dir():
        return False
    if found["here"] == _here():
        return _began(int(found["service"])) != int(found["began"])
    # Of another container, machine or boot, or of the release before: nobody may be asked, but a process that lives
    # holds its slot, in whatever container; and none begins one in what was not touched for long.
    newest = max(one.stat().st_mtime for one in (directory, *directory.iterdir()))
    return now - newest > _LEFT_SECONDS and not any(map(_is_held, directory.glob("*.slot")))


def _is_held(slot: Path) -> bool:
    with slot.open("ab") as claim:
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@cache
def _here() -> str:
    """Returns what tells this boot of this machine, and this set of process numbers, from every other."""
    told = [os.uname().nodename]
    with suppress(OSError):
        told += [
            Path("/proc/sys/kernel/random/boot_id").read_text(),
            str(Path("/proc/self/ns/pid").stat().st_ino),
        ]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def _began(process: int) -> int:
    """Returns when it did, in ticks since the boot; 0 when there is no such process."""
    try:
        # The name of a program stands in parentheses, and may have any sign in it.
        return int(Path(f"/proc/{process}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return 0


class MeterFiles:
    """Those of this process."""

    def __init__(self, directory: Path) -> None:
        """Raises NoRoom."""
        try:
            _own(directory)
            self._slot, self._claim = _claimed(directory)
            self._files = {merge: self._open(directory, merge) for merge in Merge}
        except OSError as error:
            raise NoRoom(f"{directory}: {error.strerror}") from error

    def close(self) -> None:
        """Leave them to the next process."""
        os.close(self._claim)

    def place(self, cell: Cell) -> tuple[Numbers, int]:
        return self._files[cell.merge].place(cell)

    def _open(self, directory: Path, merge: Merge) -> "_File":
        path = directory / f"{merge}_{self._slot}.db"
        if merge is Merge.SUM:
            path.unlink(missing_ok=True)  # of a process that is no more
        try:
            return _File(path, _ROOM[merge])
        except ValueError:  # What a process left behind that died in the middle of its first lines.
            path.unlink()
            return _File(path, _ROOM[merge])


def drop_gauges_of_the_dead(directory: Path) -> None:
    """A gauge says what is now: that of a process that ended says nothing. Its counts stay."""
    for path in directory.glob("gauge_*.db"):
        slot = path.stem.rpartition("_")[2]
        with suppress(OSError), (directory / f"{slot}.slot").open("ab") as claim:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)


def _own(directory: Path) -> None:
    """Raises OSError: somebody else's."""
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise OSError(0, "not a directory of this user alone")


def _claimed(directory: Path) -> tuple[int, int]:
    """Returns the first slot that no living process has, and the open file that holds it: the kernel gives it back
    when this process ends."""
    for slot in range(_MOST_PROCESSES):
        claim = os.open(directory / f"{slot}.slot", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(claim)
        else:
            return slot, claim
    raise OSError(0, "too many processes")


class _File:
    """The octets used, in four; four of padding; then entries: the length of a key, the key padded with spaces so that
    a number begins at a multiple of eight, the number, and a time that nobody reads."""

    def __init__(self, path: Path, room: int) -> None:
        """Raises OSError, ValueError: it holds something else."""
        with path.open("a+b") as file:
            # What is not reserved now would end this process by a signal later, when the disk is full.
            os.posix_fallocate(file.fileno(), 0, room)
            self._octets = mmap.mmap(file.fileno(), room)
        self._numbers = memoryview(self._octets).cast("d")
        self._used = _HEAD.unpack_from(self._octets)[0] or _DOUBLE
        self._places = dict(self._known())
        _HEAD.pack_into(self._octets, 0, self._used)

    def place(self, cell: Cell) -> tuple[Numbers, int]:
        key = json.dumps(
            [cell.family, cell.name, dict(cell.labels), cell.description], sort_keys=True
        ).encode()
        at = self._places.get(key)
        if at is None:
            at = self._added(key)
        return (self._numbers, at) if at else ([0.0], 0)  # counted, and not told

    def _added(self, key: bytes) -> int:
        """Returns the place of a new number, 0 when there is no room for it."""
        padded = key + b" " * (_DOUBLE - (len(key) + _HEAD.size) % _DOUBLE)
        begin, end = self._used, self._used + _HEAD.size + len(padded)
        if end + 2 * _DOUBLE > len(self._octets):
            return 0
        self._octets[begin:end] = _HEAD.pack(len(key)) + padded
        self._used = end + 2 * _DOUBLE
        _HEAD.pack_into(self._octets, 0, self._used)
        self._places[key] = end // _DOUBLE
        return self._places[key]

    def _known(self) -> "list[tuple[bytes, int]]":
        """Raises ValueError."""
        if not _DOUBLE <= self._used <= len(self._octets) or self._used % _DOUBLE:
            raise ValueError
        found, at = [], _DOUBLE
        while at < self._used:
            (length,) = _HEAD.unpack_from(self._octets, at)
            end = at + _HEAD.size + length + _DOUBLE - (length + _HEAD.size) % _DOUBLE
            if length <= 0 or end > self._used:
                raise ValueError
            found.append((bytes(self._octets[at + _HEAD.size : at + _HEAD.size + length]), end // _DOUBLE))
            at = end + 2 * _DOUBLE
        return found
