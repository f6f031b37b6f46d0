"""Contains which person is signed in at this browser, for pages outside of an interaction. Not here: signing in."""

from dataclasses import dataclass

from werkzeug.wrappers import Request

from idp.accounts.account import Account
from idp.accounts.repository import AccountNotFound, AccountRepository
from idp.interaction.session import Session, is_session_valid
from idp.interaction.sessions import Sessions
from idp.web.hub import Visits


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    sessions: Sessions
    accounts: AccountRepository
    visits: Visits

    def find(self, request: Request) -> tuple[Session, Account] | None:
        """Returns the valid session of this browser and its account, else None. A visit, which prolongs the session."""
        visit = self.visits.of(request)
        sessions = self.sessions.at(shared=visit.is_station_shared)
        session = sessions.open(visit.session, visit.now)
        if session is None:
            return None
        try:
            account = self.accounts.get_signed_in(session.account_id, session.sid)
        except AccountNotFound:
            # It was ended while the store could not delete it: no sign-in is to begin with it again and again.
            self.sessions.end(session.sid)
            return None
        if not is_session_valid(session, account, visit.now, sessions.life, sessions.idle):
            return None
        # On a shared station a visit is nobody's in particular (docs/adr/0030).
        if not visit.is_station_shared:
            sessions.touch(session, visit.session or "", visit.now)
        return session, account
