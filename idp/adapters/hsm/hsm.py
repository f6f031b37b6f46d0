"""The way to HSM tokens: a few threads, each with its own session, and callers that wait for a limited time.

Contains the time limit, and the recovery when a lost token is back. Not here: the login (`adapters/hsm/token.py`), what
is done in a session (`adapters/hsm/signer.py`).
"""

import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from idp.adapters.hsm.library import P11_KIT, HsmFault, library_of, when_forked
from idp.adapters.hsm.token import HsmSession, HsmToken
from idp.adapters.hsm.uri import Pkcs11Uri
from idp.signing.signer import SignerUnavailable

_LOOK_ANEW_EVERY_SECONDS = 1.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.02, 0.2
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
        known.check_available()
        job = _Job(known, act, Future())
        self._jobs.put(job)
        try:
            result: _Result = job.answer.result((within or self.timeout).total_seconds())
        except TimeoutError as error:
            job.answer.cancel()
            # Only our own limit says that the token is lost: a caller's shorter one says nothing about it.
            if within is None or within >= self.timeout:
                known.mark_lost("no answer in time")
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
                    job.token.mark_lost(str(error))
                job.answer.set_exception(error)
            else:
                # The token answers, even if its caller has given up waiting.
                job.token.mark_answering()
                job.answer.set_result(result)

    def _perform(self, job: _Job, sessions: dict[Pkcs11Uri, HsmSession]) -> Any:
        from pkcs11 import PKCS11Error  # imported late: a deployment without HSM never needs it

        library = library_of(self._path)
        # A token known to be lost is looked for once a second (`admit`): each look takes everybody's session away.
        until = time.monotonic() + (0 if job.token.is_lost else self.timeout.total_seconds() / 2)
        for pause in _pauses():
            generation, is_found = library.generation, False
            try:
                with library.inside() as loaded:
                    session = _session(job.token, loaded, library.generation, sessions)
                    is_found = True
                    return _act(job, session, sessions)
            except PKCS11Error as error:
                may_come = not is_found and _may_come(error) and time.monotonic() + pause < until
                if pause and not may_come:
                    raise _told(error) from error
                if self._may_renew(error):
                    library.renew(generation, self.timeout.total_seconds() / 2)
            time.sleep(pause)
        raise AssertionError("the pauses have no end")

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


def _session(
    token: HsmToken, loaded: Any, generation: int, sessions: dict[Pkcs11Uri, HsmSession]
) -> HsmSession:
    """That of the calling thread. Raises PKCS11Error, HsmFault."""
    known = sessions.get(token.uri)
    if known is None or known.generation != generation:
        known = sessions[token.uri] = token.open(loaded, generation)
    return known


def _act(job: _Job, session: HsmSession, sessions: dict[Pkcs11Uri, HsmSession]) -> Any:
    from pkcs11 import PKCS11Error

    try:
        return job.act(session)
    except PKCS11Error:
        # Closed while its number is surely still its own.
        sessions.pop(job.token.uri).close()
        raise


def _pauses() -> Iterator[float]:
    """After each failed attempt: the second follows at once, in a new session; then longer and longer."""
    yield 0.0
    pause = _FIRST_PAUSE_SECONDS
    while True:
        # Not in step with the other process that looks for the same token.
        yield pause * random.uniform(0.5, 1.5)  # noqa: S311 no secret
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _may_come(error: Exception) -> bool:
    """Whether the token may be there at the next look.

    Modules that keep tokens in files (SoftHSM2 2.6: at each login) rewrite them in place: what starts at that instant
    in another process reads half a token. It then has no name, no PIN, or is a general error.
    """
    import pkcs11

    return isinstance(error, (pkcs11.NoSuchToken, pkcs11.UserPinNotInitialized, pkcs11.GeneralError))


def _told(error: Exception) -> SignerUnavailable:
    import pkcs11

    if isinstance(error, pkcs11.NoSuchKey):
        return HsmFault("the key is not in the token")
    if isinstance(error, pkcs11.MultipleObjectsReturned):
        return HsmFault("more than one key answers to this URI: add `id`")
    if isinstance(error, pkcs11.NoSuchToken):
        return SignerUnavailable("the token is not there")
    if isinstance(error, pkcs11.UserPinNotInitialized):
        return HsmFault("the token has no PIN of its user")
    return SignerUnavailable(f"the HSM failed ({type(error).__name__})")
