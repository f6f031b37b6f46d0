"""The mail about sign-ins with a browser that the person had not used before: one for all of some minutes.

Contains what a worker does of it. Each such sign-in is in the row of its session, written in the commit of the sign-in
itself: none is lost, and none waits for a mail. Not here: which browser is new (`web/known_device`), words.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from idp.accounts.account import Account, AccountId
from idp.accounts.open_sessions import NothingToTell, OpenSession, OpenSessions
from idp.accounts.repository import AccountNotFound, AccountRepository
from idp.core.clock import Clock
from idp.core.unit_of_work import UnitOfWork


class NewBrowserMails(Protocol):
    def written(self, account: Account, sessions: Sequence[OpenSession]) -> Callable[[], None]:
        """Returns what queues the mail, as `Notices.written` does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBrowsers:
    work: UnitOfWork
    open_sessions: OpenSessions
    accounts: AccountRepository
    mails: NewBrowserMails
    clock: Clock

    def tell_due(self, is_stopped: Callable[[], bool] = lambda: False) -> None:
        """Post the mail to each person for whom it is time. Raises StoreUnavailable.

        `is_stopped`: asked before each.
        """
        while self._tell_some(is_stopped):
            pass

    def _tell_some(self, is_stopped: Callable[[], bool]) -> int:
        told = 0
        for account_id in self.open_sessions.to_tell(self.clock.now()):
            if is_stopped():
                break
            # Another worker came first.
            with suppress(NothingToTell, AccountNotFound):
                told += self._tell(account_id)
        return told

    def _tell(self, account_id: AccountId) -> bool:
        account, untold = self.accounts.get(account_id), self.open_sessions.untold(account_id)
        if not untold:
            return False
        post = self.mails.written(account, untold)
        with self.work.together():
            # Which of two workers posts the mail is known by this row alone.
            self.open_sessions.told([session.sid for session in untold])
            post()
        return True
