"""What a relying party remembers of a browser: an opaque cookie here, the content in memory. No HTTP."""

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
    """One browser at one party: the sign-ins under way (one per tab), the person, the sign-out awaited."""

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

    def end(self, claims: Mapping[str, Any]) -> int:
        """Sign out who came with this `sid`, or, without any, everywhere who has this `sub`; gives how many."""
        name = "sid" if claims.get("sid") else "sub"
        with self._lock:
            known = list(self._by_id.values())
        ended = [s for s in known if s.signed_in and s.signed_in.id_token.get(name) == claims[name]]
        for session in ended:
            session.end_elsewhere()
        return len(ended)

    def rename(self, session_id: str, session: BrowserSession) -> str:
        """A new id for the same browser: one planted before the sign-in is worth nothing after it."""
        with self._lock:
            self._by_id.pop(session_id, None)
        return self.keep(session)
