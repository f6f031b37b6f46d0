"""The end of an SSO session by a decision: of the person, of Pro Santé Connect, of the operator, or because another
person signs in at the same browser.

Contains what ends with it: grants, notices to relying parties. Not here: expiry, which is told to no relying party.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from idp.accounts.account import AccountId
from idp.accounts.grants import EndedSession, GrantRepository
from idp.core.audit import Audit, AuditEvent
from idp.core.unit_of_work import UnitOfWork
from idp.interaction.session import Session
from idp.interaction.sessions import Sessions
from idp.interaction.upstream_sessions import close_upstream


def _nothing() -> None:
    """Nothing is written with the end of the session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOut:
    """`listeners`: returns the clients that get a logout notice, as registered now."""

    work: UnitOfWork
    sessions: Sessions
    grants: GrantRepository
    audit: Audit
    listeners: Callable[[], Collection[str]]

    def end(
        self,
        session: Session,
        now: datetime,
        client_id: str | None = None,
        also: Callable[[], None] = _nothing,
    ) -> frozenset[str]:
        """End the session, together with what `also` writes. Returns every client that signed the person in with it.

        Raises StoreUnavailable.
        """
        return self._end(session.sid, now, session.account_id, client_id, also).clients

    def end_named(self, sid: str, now: datetime, client_id: str | None) -> frozenset[str]:
        """End the session of this name as `end` does, whether or not the ephemeral store still has its record.

        Returns no client once it has ended.
        """
        ended = self._end(sid, now, None, client_id)
        return ended.clients if ended.is_first else frozenset()

    def end_for_operator(
        self, sid: str, account_id: AccountId, now: datetime, also: Callable[[], None]
    ) -> None:
        """End the session of this name and person, together with what `also` writes. Raises StoreUnavailable."""
        self._end(sid, now, account_id, None, also, by="operator")

    def end_from_upstream(self, upstream_sid: str, now: datetime) -> None:
        """The person signed out at Pro Santé Connect: end each session that came from there, and let no sign-in
        under way start another.

        Raises StoreUnavailable; called again, it does what was left.
        """
        remembered = close_upstream(self.sessions.store, upstream_sid, self.sessions.life)
        owners: dict[str, AccountId | None] = {one.sid: one.account_id for one in remembered}
        # Their grants outlive what the ephemeral store remembers.
        lasting = dict.fromkeys(self.grants.sessions_from(upstream_sid))
        for sid, account_id in (lasting | owners).items():
            self._end(sid, now, account_id, by="psc")

    def _end(
        self,
        sid: str,
        now: datetime,
        account_id: AccountId | None,
        client_id: str | None = None,
        also: Callable[[], None] = _nothing,
        **by: str,
    ) -> EndedSession:
        listeners = self.listeners()
        with self.work.together():
            also()
            ended = self.grants.end_session(sid, now, listeners)
            owner = account_id or ended.account_id
            # Of two ends at once the database knows one first.
            if owner is not None and ended.is_first:
                self.audit.record(AuditEvent.SESSION_ENDED, account_id=owner, client_id=client_id, **by)
        # After the commit (facts/security LO7): if the ephemeral store fails now, refresh tokens and notices are done
        # already, and the person signs out once more.
        self.sessions.end(sid)
        return ended

    def end_others(self, session: Session, now: datetime) -> int:
        """End every other session of its person, also those that no list knows. Returns how many there were.

        Raises StoreUnavailable.
        """
        owner, listeners = session.account_id, self.listeners()
        with self.work.together():
            ended = self.grants.end_sessions_of(owner, now, listeners, spared=session.sid)
            if ended:
                self.audit.record(AuditEvent.SESSION_ENDED, account_id=owner, by="person", others=True)
        # After the commit, as one that is ended by itself.
        self.sessions.end_all(ended)
        return len(ended)

    def end_all(self, account_id: AccountId, now: datetime, by: str) -> None:
        """End the grants of every session, with the present unit of work.

        The sessions themselves end by the account's generation, which the caller has moved.
        """
        with self.work.together():
            self.grants.end_sessions_of(account_id, now, self.listeners())
            self.audit.record(AuditEvent.SESSION_ENDED, account_id=account_id, by=by, all=True)
