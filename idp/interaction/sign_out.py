"""The end of an SSO session that was wanted: by the person, by the next one at the same browser. Expiry is none."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from idp.accounts.grants import GrantRepository
from idp.audit import Audit, AuditEvent
from idp.interaction.session import Session
from idp.interaction.store import Sessions


@dataclass(frozen=True, slots=True)
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
