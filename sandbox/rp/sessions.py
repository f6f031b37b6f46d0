"""What a relying party remembers of a browser: an opaque cookie here, the content in memory. No HTTP."""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from sandbox.rp.openid import Attempt, SignedIn

_SESSIONS_KEPT = 2000
_ATTEMPTS_KEPT = 20


@dataclass(slots=True)
class BrowserSession:
    """One browser at one party: the sign-ins under way (one per tab), the person, the sign-out awaited."""

    attempts: OrderedDict[str, Attempt] = field(default_factory=OrderedDict)
    signed_in: SignedIn | None = None
    sign_out_state: str | None = None

    def start(self, attempt: Attempt) -> None:
        self.attempts[attempt.state] = attempt
        while len(self.attempts) > _ATTEMPTS_KEPT:
            self.attempts.popitem(last=False)

    def take(self, state: str) -> Attempt | None:
        """The sign-in this state belongs to, once: an answer cannot be played again."""
        return self.attempts.pop(state, None)


class Sessions:
    """The sessions of one party; the oldest are forgotten first."""

    def __init__(self) -> None:
        self._by_id: OrderedDict[str, BrowserSession] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, session_id: str) -> BrowserSession | None:
        return self._by_id.get(session_id)

    def keep(self, session: BrowserSession) -> str:
        session_id = secrets.token_urlsafe(32)
        with self._lock:
            self._by_id[session_id] = session
            while len(self._by_id) > _SESSIONS_KEPT:
                self._by_id.popitem(last=False)
        return session_id

    def rename(self, session_id: str, session: BrowserSession) -> str:
        """A new id for the same browser: one planted before the sign-in is worth nothing after it."""
        with self._lock:
            self._by_id.pop(session_id, None)
        return self.keep(session)
