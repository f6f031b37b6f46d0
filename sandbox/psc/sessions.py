"""The SSO sessions of the simulator's browsers: 30 minutes idle, 4 hours at most (facts/psc §3.2)."""

import secrets
import threading
import uuid
from dataclasses import dataclass

IDLE_SECONDS = 30 * 60
MAXIMUM_SECONDS = 4 * 3600


@dataclass(slots=True)
class Session:
    """`auth_time` stays that of its first login. `sid` is public (it is in the tokens), `cookie` is secret."""

    sid: str
    cookie: str
    identity_id: str
    auth_mode: str
    auth_time: int
    last_seen: float
    #: Of the establishment that identified the person; "": none did.
    account: str = ""

    def is_live(self, now: float) -> bool:
        return now - self.last_seen < IDLE_SECONDS and now - self.auth_time < MAXIMUM_SECONDS

    def remaining(self, now: float) -> int:
        """Returns the seconds before the session ends for good."""
        return max(0, int(self.auth_time + MAXIMUM_SECONDS - now))


class Sessions:
    def __init__(self) -> None:
        self._by_sid: dict[str, Session] = {}
        self._lock = threading.Lock()

    def start(
        self,
        identity_id: str,
        auth_mode: str,
        now: float,
        replaced_cookie: str | None,
        *,
        spaced: bool = False,
        account: str = "",
    ) -> Session:
        """Start a session with its own `auth_time`, as a real login does, and end the one the browser had."""
        sid = str(uuid.uuid4())
        opened = Session(
            sid.replace("-", " ") if spaced else sid,
            secrets.token_urlsafe(32),
            identity_id,
            auth_mode,
            int(now),
            last_seen=now,
            account=account,
        )
        with self._lock:
            self._by_sid = {
                sid: session
                for sid, session in self._by_sid.items()
                if session.is_live(now) and session.cookie != replaced_cookie
            }
            self._by_sid[opened.sid] = opened
        return opened

    def find(self, sid: str, now: float) -> Session | None:
        with self._lock:
            session = self._by_sid.get(sid)
        return session if session and session.is_live(now) else None

    def of_browser(self, cookie: str | None, now: float) -> Session | None:
        with self._lock:
            owned = [session for session in self._by_sid.values() if session.cookie == cookie]
        return owned[0] if owned and owned[0].is_live(now) else None

    def touch(self, session: Session, now: float) -> None:
        session.last_seen = max(session.last_seen, now)

    def end(self, sid: str) -> Session | None:
        """End a session. Returns it, or None when there was none."""
        with self._lock:
            return self._by_sid.pop(sid, None)

    def end_all(self) -> list[Session]:
        """End every session. Returns them."""
        with self._lock:
            ended = list(self._by_sid.values())
            self._by_sid.clear()
        return ended
