"""p11-kit in this process (docs/adr/0018).

Contains loading it once, and starting it anew after the loss of an HSM: only a new start finds its tokens again, and no
thread may be inside meanwhile. Not here: a PKCS#11 module loaded directly: it would be started without locks and crash
under threads; p11-kit starts it with locks, and handles forks.
"""

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from idp.signing.signer import SignerUnavailable

#: The proxy of p11-kit, by the name every distribution has: all modules configured on the machine.
P11_KIT = "libp11-kit.so.0"
_OF_P11_KIT = ("libp11-kit.", "p11-kit-proxy.", "p11-kit-client.")


class HsmFault(SignerUnavailable):
    """The HSM answered and refused: another attempt would have the same result."""


class HsmLibrary:
    """To be got from `library_of`: the C library has one state per process."""

    def __init__(self, path: str) -> None:
        self.path = path
        #: Incremented at every new start: sessions of an earlier generation are void.
        self.generation = 0
        self._library: Any = None
        self._stale: Any = None
        self._changed = threading.Condition()
        self._working = 0
        self._renewing = False

    @contextmanager
    def inside(self) -> Iterator[Any]:
        """Hold the library so that no other thread starts it anew. Raises HsmFault (no p11-kit), PKCS11Error."""
        with self._changed:
            self._changed.wait_for(lambda: not self._renewing)
            if self._library is None:
                self._library = self._start()
            self._working += 1
        try:
            yield self._library
        finally:
            with self._changed:
                self._working -= 1
                self._changed.notify_all()

    def renew(self, seen: int, patience_seconds: float) -> None:
        """Finish the library, so that the next caller of `inside` starts it anew; not if it was since `seen`.

        Raises SignerUnavailable when a thread stays inside for longer than `patience_seconds`.
        """
        with self._changed:
            if self._renewing or self.generation != seen or self._library is None:
                return
            self._renewing = True
            try:
                if not self._changed.wait_for(lambda: self._working == 0, patience_seconds):
                    raise SignerUnavailable("a call into the HSM does not return")
                self._finish()
            finally:
                self._renewing = False
                self._changed.notify_all()

    def close(self) -> None:
        """Finish the library before a fork or at the end, unless a thread is inside."""
        with self._changed:
            if self._library is not None and not self._working:
                self._finish()

    def _start(self) -> Any:
        import pkcs11  # imported late: a deployment without HSM never needs it

        if self._stale is not None:
            # After a fork, a child must call C_Initialize again (PKCS#11 2.40 §5.4): the parent's state is not its own.
            with suppress(pkcs11.PKCS11Error):
                self._stale.finalize()
            self._stale = None
        try:
            return pkcs11.lib(self.path)
        except pkcs11.PKCS11Error as error:
            if "while loading" in str(error):
                raise HsmFault(f"{self.path} cannot be loaded: install p11-kit") from error
            raise

    def _finish(self) -> None:
        import pkcs11

        with suppress(pkcs11.PKCS11Error):
            self._library.finalize()
        self._library = None
        self.generation += 1

    def forked(self) -> None:
        """Reset, first of all in the child: locks may be held by threads that exist only in the parent."""
        self.__dict__.update(
            _stale=self._library,
            _library=None,
            _changed=threading.Condition(),
            _working=0,
            _renewing=False,
            generation=self.generation + 1,
        )


_libraries: dict[str, HsmLibrary] = {}


def library_of(path: str) -> HsmLibrary:
    """Returns the library. Raises HsmFault for a PKCS#11 module itself, which threads would crash (docs/adr/0018)."""
    if not Path(path).name.startswith(_OF_P11_KIT):
        raise HsmFault(f"{path}: must be p11-kit's own library; p11-kit loads the module of the HSM")
    return _libraries.setdefault(path, HsmLibrary(path))


def close_libraries() -> None:
    """Close what a check opened in the parent process: workers must not inherit it."""
    for library in _libraries.values():
        library.close()


_after_fork: "weakref.WeakSet[Any]" = weakref.WeakSet()


def when_forked(owner: Any) -> None:
    """Call `owner.forked()` in every child process, after the libraries' own."""
    _after_fork.add(owner)


def _tell_child() -> None:
    for owner in (*_libraries.values(), *_after_fork):
        owner.forked()


os.register_at_fork(after_in_child=_tell_child)
