"""argon2id by the reference library, in memory that is kept from one hash to the next.

Contains the call. The memory of a hash given back and taken anew costs as much as the hash: the kernel clears each of
its pages. Not here: which build of the library (`builds`), how many hashes at once (`accounts/password`).
"""

import ctypes
import mmap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from idp.accounts.argon2id import Cost

_VERSION = 0x13
_HUGE_PAGE = 2 * 1024 * 1024
_ALLOCATION_ERROR = -22
_ALLOCATE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_void_p), ctypes.c_size_t)
_RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t)


class _Context(ctypes.Structure):
    """`argon2_context` of argon2.h."""

    _fields_: ClassVar[Any] = [
        ("out", ctypes.c_char_p),
        ("out_length", ctypes.c_uint32),
        ("password", ctypes.c_char_p),
        ("password_length", ctypes.c_uint32),
        ("salt", ctypes.c_char_p),
        ("salt_length", ctypes.c_uint32),
        ("secret", ctypes.c_char_p),
        ("secret_length", ctypes.c_uint32),
        ("associated", ctypes.c_char_p),
        ("associated_length", ctypes.c_uint32),
        ("passes", ctypes.c_uint32),
        ("memory_kib", ctypes.c_uint32),
        ("lanes", ctypes.c_uint32),
        ("threads", ctypes.c_uint32),
        ("version", ctypes.c_uint32),
        ("allocate", _ALLOCATE),
        ("release", _RELEASE),
        ("flags", ctypes.c_uint32),
    ]


class _Memory:
    """Of one hash at a time."""

    __slots__ = ("_held", "address", "size")

    def __init__(self, size: int) -> None:
        """Raises MemoryError."""
        is_large = size >= _HUGE_PAGE
        self.size = -(-size // _HUGE_PAGE) * _HUGE_PAGE if is_large else size
        try:
            self._held = mmap.mmap(-1, self.size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        except OSError as error:
            raise MemoryError from error
        # A tenth of the time of a hash, where the kernel gives such pages to those who ask.
        if is_large and hasattr(mmap, "MADV_HUGEPAGE"):
            self._held.madvise(mmap.MADV_HUGEPAGE)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self._held))


class Argon2Library:
    """Keeps as much memory as there were hashes at once. The library clears it at the end of each."""

    def __init__(self, path: Path) -> None:
        """Raises OSError, AttributeError: no such library."""
        self._compute = ctypes.CDLL(str(path)).argon2id_ctx
        self._compute.argtypes = (ctypes.POINTER(_Context),)
        self._free: list[_Memory] = []
        self._here = threading.local()
        # Held here for as long as the library may call them.
        self._allocate, self._release = _ALLOCATE(self._give), _RELEASE(_keep)

    def digest(self, secret: bytes, salt: bytes, cost: Cost, length: int) -> bytes:
        """Returns the hash, without the GIL meanwhile. Raises MemoryError, ValueError (port `Argon2id`)."""
        out = ctypes.create_string_buffer(length)
        context = _Context(
            out=ctypes.cast(out, ctypes.c_char_p),
            out_length=length,
            password=secret,
            password_length=len(secret),
            salt=salt,
            salt_length=len(salt),
            passes=cost.passes,
            memory_kib=cost.memory_kib,
            lanes=cost.lanes,
            threads=cost.lanes,
            version=_VERSION,
            allocate=self._allocate,
            release=self._release,
        )
        with self._memory(cost.memory_kib * 1024) as self._here.memory:
            status = self._compute(ctypes.byref(context))
        if status == _ALLOCATION_ERROR:
            raise MemoryError
        if status:
            raise ValueError(f"argon2: error {status}")
        return out.raw

    @contextmanager
    def _memory(self, size: int) -> Iterator[_Memory]:
        # One that is too small is of a cost that was lower: it is not kept beside a larger one.
        found = self._free.pop() if self._free else None
        memory = found if found is not None and found.size >= size else _Memory(size)
        try:
            yield memory
        finally:
            self._free.append(memory)

    def _give(self, place: Any, size: int) -> int:
        """Called by the library, in the thread of the hash."""
        memory: _Memory = self._here.memory
        if size > memory.size:
            return _ALLOCATION_ERROR
        place[0] = memory.address
        return 0


def _keep(_address: int | None, _size: int) -> None:
    """Called by the library instead of `free`, once it cleared the memory."""
