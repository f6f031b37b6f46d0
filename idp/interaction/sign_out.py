"""The end of an SSO session that was wanted: by the person, by the next one at the same browser. Expiry is none."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from idp.accounts.account import AccountId
from idp.accounts.grants import GrantRepository
from idp.core.audit import Audit, AuditEvent
from idp.interaction.session import Session
from idp.interaction.store import Sessions
from idp.interaction.upstream_sessions import close_upstream


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOut:
    """`listeners`: the clients that get a logout notice, as of now."""

    sessions: Sessions
    grants: GrantRepository
    audit: Audit
    listeners: Callable[[], Collection[str]]

    def end(self, session: Session, now: datetime, client_id: str | None = None) -> frozenset[str]:
        """Gives every client that signed the person in with this session. Raises StoreUnavailable.

        What must not be lost comes first: should the ephemeral store fail then, the person signs out once more.
        """
        clients = self.grants.end_session(session.sid, now, self.listeners())
        if self.sessions.end(session.sid):
            self.audit.record(AuditEvent.SESSION_ENDED, account_id=session.account_id, client_id=client_id)
        return clients

    def end_from_upstream(self, upstream_sid: str, now: datetime) -> None:
        """The person signed out at Pro Santé Connect: of all that came from there, and what a sign-in under way would
        still make of it. Raises StoreUnavailable; asked again, it goes on."""
        for sid, account_id in close_upstream(self.sessions.store, upstream_sid, self.sessions.life):
            self.grants.end_session(sid, now, self.listeners())
            if self.sessions.end(sid):
                self.audit.record(AuditEvent.SESSION_ENDED, account_id=account_id, by="psc")

    def end_all(self, account_id: AccountId, now: datetime, by: str) -> None:
        """Grants of every session; the sessions themselves end by the account's `not_before`."""
        self.grants.end_sessions_of(account_id, now, self.listeners())
        self.audit.record(AuditEvent.SESSION_ENDED, account_id=account_id, by=by, all=True)
