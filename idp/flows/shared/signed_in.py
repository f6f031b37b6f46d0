"""Contains which person is signed in at this browser, for pages outside of an interaction. Not here: signing in."""

from dataclasses import dataclass

from flask import request

from idp.accounts.account import Account
from idp.accounts.repository import AccountNotFound, AccountRepository
from idp.core.clock import Clock
from idp.interaction.session import Session, is_session_valid
from idp.interaction.store import Sessions
from idp.web.cookies import Cookies


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    sessions: Sessions
    accounts: AccountRepository
    clock: Clock
    cookies: Cookies

    def find(self) -> tuple[Session, Account] | None:
        """Returns the valid session of this browser and its account, else None."""
        now = self.clock.now()
        session = self.sessions.open(self.cookies.get(request, "session"), now)
        if session is None:
            return None
        try:
            account = self.accounts.get(session.account_id)
        except AccountNotFound:
            return None
        is_valid = is_session_valid(session, account, now, self.sessions.life, self.sessions.idle)
        return (session, account) if is_valid else None
