"""Contains SSO sessions as typed records over the ephemeral store: which cookie opens them, how long, how they end.

Not here: what their fields mean (`session`), how a record is written (`session_record`).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from idp.accounts.account import Account
from idp.accounts.open_sessions import ListedSession
from idp.core.ephemeral import EphemeralStore, Kind, Put, StaleRecord
from idp.core.replacing import replace
from idp.interaction.session import Session, ends_at, is_session_valid
from idp.interaction.session_record import is_opened_by, kept, read, secrets_with
from idp.interaction.store import fingerprint, random_token
from idp.interaction.upstream_sessions import UpstreamOver, remember_upstream

#: An expired session can still be signed out of: a relying party's own session may last a working day.
REMEMBERED = timedelta(hours=12)
_ENDED_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """Cookie value: `sid.secret`. The record is keyed by `sid` and keeps only the fingerprint of the secret."""

    store: EphemeralStore
    life: timedelta
    idle: timedelta
    #: On a station that several people use.
    shared_idle: timedelta

    def at(self, *, shared: bool) -> "Sessions":
        """Returns the sessions as this browser sees them now: what was left open on a shared station ends sooner.

        The idle time is judged at each use: the station may be declared shared after the session began.
        """
        return replace(self, idle=min(self.idle, self.shared_idle)) if shared else self

    def open(self, cookie: str | None, now: datetime) -> Session | None:
        """Returns the session whose secret this cookie holds; None when it is absent, expired, ended, or another's."""
        session = self.recall(cookie)
        return session if session is not None and now < ends_at(session, self.life, self.idle) else None

    def recall(self, cookie: str | None) -> Session | None:
        """Returns it as `open` does, also when it lately expired: to sign out, as relying parties' sessions live on."""
        sid, _, secret = (cookie or "").partition(".")
        session = self.find(sid) if sid and secret else None
        # The `sid` is public (it is in every ID Token): it finds the record and proves nothing.
        return session if session is not None and is_opened_by(session, fingerprint(secret)) else None

    def find(self, sid: str) -> Session | None:
        """Returns the session of this `sid`, whatever browser asks."""
        stored = self.store.get(Kind.SESSION, sid)
        return None if stored is None else read(stored)

    def start(self, session: Session, now: datetime, write: Callable[[Put], None] | None = None) -> str:
        """Write a new session. Returns its cookie. Raises UpstreamOver.

        `write`: puts the record, together with what leads to it.
        """
        # ASVS 7.2.4, facts/security SE2: the secret is new, or an attacker could have fixed it before the
        # authentication.
        secret = random_token()
        opened = replace(session, secrets=secrets_with(session, fingerprint(secret)))
        record = Put(Kind.SESSION, session.sid, kept(opened), self._ttl(session, now))
        if write is None:
            self.store.put(*record)
        else:
            write(record)
        self._remember_upstream(session)
        return f"{session.sid}.{secret}"

    def renew(self, session: Session, now: datetime) -> str:
        """Write the same session under a new secret; no other opens it but `session.secrets`. Returns the new cookie.

        Raises StaleRecord (ended or written meanwhile), UpstreamOver.
        """
        secret = random_token()
        self._swap(replace(session, secrets=secrets_with(session, fingerprint(secret))), now)
        self._remember_upstream(session)
        return f"{session.sid}.{secret}"

    def touch(self, session: Session, cookie: str, now: datetime) -> None:
        """Write the time of this visit, by the end of the request. A session that ended or changed since stays so."""
        # The secret of the cookie is written again; a late visit with an old cookie fails by its version.
        secrets = secrets_with(session, fingerprint(cookie.partition(".")[2]))
        seen = replace(session, last_seen_at=now, secrets=secrets)
        self.store.touch(
            Kind.SESSION, session.sid, kept(seen), expected_version=session.version, ttl=self._ttl(seen, now)
        )

    def confirm(self, sid: str, now: datetime) -> None:
        """Write that the person at a shared station said, or proved, whose it is. One that ended or changed in this
        instant stays so, and they are asked once more."""
        session = self.find(sid)
        if session is not None:
            with suppress(StaleRecord):
                self._swap(replace(session, confirmed_at=now), now)

    def end(self, sid: str) -> bool:
        """Returns True to the one caller that ended it."""
        return self.store.take(Kind.SESSION, sid) is not None

    def end_all(self, sids: Collection[str]) -> None:
        named = [(Kind.SESSION, sid) for sid in sids]
        for first in range(0, len(named), _ENDED_AT_ONCE):
            self.store.clear(named[first : first + _ENDED_AT_ONCE])

    def find_all(self, sids: Sequence[str]) -> Mapping[str, Session]:
        """Returns those that the store still has, by their `sid`."""
        stored = self.store.get_all([(Kind.SESSION, sid) for sid in sids]) if sids else ()
        return {sid: read(one) for sid, one in zip(sids, stored, strict=True) if one is not None}

    def living(
        self, listed: Iterable[ListedSession], found: Mapping[str, Session], account: Account, now: datetime
    ) -> Iterator[tuple[ListedSession, Session]]:
        """Yields those listed of this account that a browser can still use. `found`: as from `find_all`."""
        for one in listed:
            session = found.get(one.session.sid)
            if session is not None and is_session_valid(session, account, now, self.life, self.idle):
                yield one, session

    def _remember_upstream(self, session: Session) -> None:
        """Raises UpstreamOver, and has ended the session then."""
        # After the session is written: a sign-out at Pro Santé Connect between the two must find one of them.
        try:
            remember_upstream(self.store, session, self.life)
        except UpstreamOver:
            self.end(session.sid)
            raise

    def _swap(self, session: Session, now: datetime) -> None:
        self.store.swap(
            Kind.SESSION,
            session.sid,
            kept(session),
            expected_version=session.version,
            ttl=self._ttl(session, now),
        )

    def _ttl(self, session: Session, now: datetime) -> timedelta:
        # The life is counted from Pro Santé Connect's `auth_time` and may be over already; REMEMBERED is added to that.
        return max(ends_at(session, self.life, self.idle) - now, timedelta()) + REMEMBERED
