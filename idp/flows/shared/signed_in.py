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
        """Returns the valid session of this browser and its account, else None."""
        visit = self.visits.of(request)
        sessions = self.sessions.at(shared=visit.is_station_shared)
        session = sessions.open(visit.session, visit.now)
        if session is None:
            return None
        try:
            account = self.accounts.get_signed_in(session.account_id, session.sid)
        except AccountNotFound:
            return None
        is_valid = is_session_valid(session, account, visit.now, sessions.life, sessions.idle)
        return (session, account) if is_valid else None
