"""Contains which person is signed in at this browser, for pages outside of an interaction. Not here: signing in."""

import dataclasses
from dataclasses import dataclass
from datetime import datetime

from werkzeug.wrappers import Request

from idp.accounts.account import Account
from idp.accounts.repository import AccountNotFound, AccountRepository
from idp.interaction.assurance import EARNED, assurance_of
from idp.interaction.authenticator import Doors, Paths, usable_paths
from idp.interaction.record import OF_NO_CLIENT
from idp.interaction.session import Session, ends_at, is_session_valid
from idp.interaction.sessions import Sessions
from idp.web.hub import Visits


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    sessions: Sessions
    accounts: AccountRepository
    visits: Visits
    doors: Doors

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
        # What was proved by a door that is none for this person now (docs/adr/0045) opens nothing here either.
        if assurance_of(session.events, self._paths(account)) is None:
            return None
        # On a shared station a visit is nobody's in particular (docs/adr/0030).
        if not visit.is_station_shared:
            sessions.touch(session, visit.session or "", visit.now)
        return session, account

    def _paths(self, account: Account) -> Paths:
        return usable_paths(self.doors.usable(OF_NO_CLIENT, account), tuple(EARNED))

    def lately(self, request: Request) -> Session | None:
        """Returns the session of this browser, also one that expired since; none that anybody ended."""
        return self.sessions.recall(self.visits.of(request).session)

    def is_confirmed(self, request: Request, session: Session) -> bool:
        """Whether the person in front of this browser is taken for that of the session: on a shared station once they
        said so, or proved it, for as long as nobody may sit there without a word (docs/adr/0030)."""
        visit = self.visits.of(request)
        if not visit.is_station_shared:
            return True
        confirmed_at, idle = session.confirmed_at, self.sessions.at(shared=True).idle
        return confirmed_at is not None and visit.now - confirmed_at < idle

    def confirm(self, request: Request, sid: str) -> None:
        """They said so, or proved it."""
        visit = self.visits.of(request)
        if visit.is_station_shared:
            self.sessions.confirm(sid, visit.now)

    def is_station_shared(self, request: Request) -> bool:
        return self.visits.of(request).is_station_shared

    def now(self, request: Request) -> datetime:
        return self.visits.of(request).now

    def ends_at(self, request: Request, session: Session) -> datetime:
        """Returns when the person in this section is asked once more who they are, unless they come by before."""
        visit = self.visits.of(request)
        sessions = self.sessions.at(shared=visit.is_station_shared)
        if not visit.is_station_shared:
            seen = dataclasses.replace(session, last_seen_at=visit.now)
            return ends_at(seen, sessions.life, sessions.idle)
        confirmed_at = session.confirmed_at or visit.now
        return min(ends_at(session, sessions.life, sessions.idle), confirmed_at + sessions.idle)

    def is_at_its_longest(self, request: Request, session: Session) -> bool:
        """Whether no visit prolongs the session any more: only a new authentication does."""
        newest = max(event.at for event in session.events)
        return self.ends_at(request, session) >= newest + self.sessions.life
