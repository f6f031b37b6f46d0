"""What a relying party remembers of a browser.

Contains an opaque cookie and its content, in memory. Not here: HTTP.
"""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.rp.openid import Attempt, SignedIn

_SESSIONS_KEPT = 2000
_ATTEMPTS_KEPT = 20


@dataclass(slots=True)
class BrowserSession:
    """One browser at one party: its sign-ins under way (one per tab), its person, its sign-out under way."""

    attempts: OrderedDict[str, Attempt] = field(default_factory=OrderedDict)
    signed_in: SignedIn | None = None
    sign_out_state: str | None = None
    #: The provider said that the session ended: by another application, or at the provider.
    ended_elsewhere: bool = False

    def end_elsewhere(self) -> None:
        self.signed_in, self.ended_elsewhere = None, True

    def start(self, attempt: Attempt) -> None:
        self.attempts[attempt.state] = attempt
        while len(self.attempts) > _ATTEMPTS_KEPT:
            self.attempts.popitem(last=False)

    def take(self, state: str) -> Attempt | None:
        """Returns the sign-in of this state, once: an answer cannot be replayed."""
        return self.attempts.pop(state, None)


class Sessions:
    """The sessions of one party. The oldest are forgotten first."""

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

    def end(self, claims: Mapping[str, Any]) -> int:
        """End the session of this `sid` or, without a `sid`, every session of this `sub`. Returns how many."""
        name = "sid" if claims.get("sid") else "sub"
        with self._lock:
            known = list(self._by_id.values())
        ended = [s for s in known if s.signed_in and s.signed_in.id_token.get(name) == claims[name]]
        for session in ended:
            session.end_elsewhere()
        return len(ended)

    def rename(self, session_id: str, session: BrowserSession) -> str:
        """Give the browser a new id: an id that an attacker planted before the sign-in is worthless after it."""
        with self._lock:
            self._by_id.pop(session_id, None)
        return self.keep(session)
