"""The way to HSM tokens: a few threads, each with its own session, and callers that wait for a limited time.

Contains the time limit, and the recovery when a lost token is back. Not here: the login (`adapters/hsm/token.py`), what
is done in a session (`adapters/hsm/signer.py`).
"""

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from idp.adapters.hsm.library import P11_KIT, HsmFault, library_of, when_forked
from idp.adapters.hsm.token import HsmSession, HsmToken
from idp.adapters.hsm.uri import Pkcs11Uri
from idp.signing.signer import SignerUnavailable

_LOOK_ANEW_EVERY_SECONDS = 1.0
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class _Job:
    token: HsmToken
    act: Callable[[HsmSession], Any]
    answer: "Future[Any]"


class Hsm:
    """One per process. The library is loaded by the first `run`."""

    def __init__(
        self,
        library: str = P11_KIT,
        *,
        pin: str = "",
        timeout: timedelta = timedelta(seconds=3),
        threads: int = 4,
    ) -> None:
        self._path, self._pin, self._threads = library, pin, threads
        self.timeout = timeout
        self.forked()
        when_forked(self)

    def forked(self) -> None:
        """Reset: a child process has none of its parent's threads, sessions and logins."""
        self._lock = threading.Lock()
        self._tokens: dict[Pkcs11Uri, HsmToken] = {}
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._started = False
        self._looked_anew_at = -_LOOK_ANEW_EVERY_SECONDS

    def run(
        self, token: Pkcs11Uri, act: Callable[[HsmSession], _Result], *, within: timedelta | None = None
    ) -> _Result:
        """Returns the result of `act`, called in a session of the token; once more in a new session if that was lost.

        Raises SignerUnavailable (no answer, no token), HsmFault (no such key, a wrong PIN).
        """
        known = self._known(token)
        known.admit()
        job = _Job(known, act, Future())
        self._jobs.put(job)
        try:
            result: _Result = job.answer.result((within or self.timeout).total_seconds())
        except TimeoutError as error:
            job.answer.cancel()
            # Only our own limit says that the token is lost: a caller's shorter one says nothing about it.
            if within is None or within >= self.timeout:
                known.lost("no answer in time")
            raise SignerUnavailable("no answer in time") from error
        return result

    def is_lost(self, token: Pkcs11Uri) -> bool:
        """Whether the last call to this token failed."""
        return self._known(token).is_lost

    def _known(self, uri: Pkcs11Uri) -> HsmToken:
        with self._lock:
            if not self._started:
                self._started = True
                for rank in range(self._threads):
                    # Daemon threads: a call that never returns must not keep the process from ending.
                    threading.Thread(target=self._work, name=f"hsm-{rank}", daemon=True).start()
            if uri not in self._tokens:
                self._tokens[uri] = HsmToken(uri, self._pin)
            return self._tokens[uri]

    # What follows runs in the worker threads.

    def _work(self) -> None:
        sessions: dict[Pkcs11Uri, HsmSession] = {}
        jobs = self._jobs
        while True:
            job = jobs.get()
            if not job.answer.set_running_or_notify_cancel():
                continue
            try:
                result = self._perform(job, sessions)
            except BaseException as error:
                if isinstance(error, SignerUnavailable) and not isinstance(error, HsmFault):
                    job.token.lost(str(error))
                job.answer.set_exception(error)
            else:
                # The token answers, even if its caller has given up waiting.
                job.token.back()
                job.answer.set_result(result)

    def _perform(self, job: _Job, sessions: dict[Pkcs11Uri, HsmSession]) -> Any:
        from pkcs11 import PKCS11Error  # imported late: a deployment without HSM never needs it

        library, uri = library_of(self._path), job.token.uri
        for is_last in (False, True):
            generation = library.generation
            try:
                with library.inside() as loaded:
                    session = sessions.get(uri)
                    if session is None or session.generation != library.generation:
                        session = sessions[uri] = job.token.open(loaded, library.generation)
                    try:
                        return job.act(session)
                    except PKCS11Error:
                        # Closed inside the library: after a renewal its number may belong to another session.
                        sessions.pop(uri).close()
                        raise
            except PKCS11Error as error:
                if is_last:
                    raise _told(error) from error
                if self._may_renew(error):
                    library.renew(generation, self.timeout.total_seconds() / 2)
        raise AssertionError("the second attempt answers or raises")

    def _may_renew(self, error: Exception) -> bool:
        """Whether the library may be started anew after this error.

        A missing key may be a new one, which a fresh start finds. But a start closes the sessions of all threads: for
        missing keys, at most one a second.
        """
        from pkcs11 import NoSuchKey

        if not isinstance(error, NoSuchKey):
            return True  # `admit` already limits how often a lost token is tried.
        with self._lock:
            is_early = time.monotonic() < self._looked_anew_at + _LOOK_ANEW_EVERY_SECONDS
            if not is_early:
                self._looked_anew_at = time.monotonic()
        return not is_early


def _told(error: Exception) -> SignerUnavailable:
    import pkcs11

    if isinstance(error, pkcs11.NoSuchKey):
        return HsmFault("the key is not in the token")
    if isinstance(error, pkcs11.MultipleObjectsReturned):
        return HsmFault("more than one key answers to this URI: add `id`")
    if isinstance(error, pkcs11.NoSuchToken):
        return SignerUnavailable("the token is not there")
    return SignerUnavailable(f"the HSM failed ({type(error).__name__})")
