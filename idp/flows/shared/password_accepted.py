"""Contains what a right password writes: the end of its wait, its hash under raised parameters, and that the lists of
common and leaked passwords have learned it. Not here: comparing it (`flows/password`)."""

import dataclasses
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from idp.accounts.account import Account
from idp.accounts.password import HashingBusy, Passwords
from idp.accounts.password_rules import PasswordPolicy
from idp.accounts.repository import AccountRepository, EmailTaken, StaleAccount
from idp.core.audit import AuditEvent
from idp.core.clock import Clock
from idp.core.unit_of_work import UnitOfWork

#: Writes an event of this sign-in and account.
Tell = Callable[[AuditEvent], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedPasswords:
    work: UnitOfWork
    accounts: AccountRepository
    passwords: Passwords
    policy: PasswordPolicy
    clock: Clock

    def write(self, account: Account, password: str, tell: Tell, forgive: Callable[[], None]) -> None:
        """`forgive`: forgets, in the same commit, what failed before it."""
        self._write(account, self._noted(account, password), tell, forgive)

    def _noted(self, account: Account, password: str) -> Account:
        """Returns the account as it is to be kept, now that its password is known for a moment."""
        noted = account.with_listing(self.policy.is_listed(password), self.clock.now())
        # facts/security PW4: the parameters were raised since.
        if self.passwords.needs_rehash(account.password_hash):
            with suppress(HashingBusy):  # The next sign-in tries again: this one is not kept waiting.
                noted = dataclasses.replace(noted, password_hash=self.passwords.hash(password))
        return noted

    def _write(self, account: Account, noted: Account, tell: Tell, forgive: Callable[[], None]) -> None:
        try:
            with self.work.together():
                if noted != account:
                    self.accounts.save(noted)
                forgive()
                tell(AuditEvent.PASSWORD_ACCEPTED)
                if noted.password_listed_at is not None and account.password_listed_at is None:
                    tell(AuditEvent.PASSWORD_LISTED)
        except (StaleAccount, EmailTaken):
            # Another writer came first. Without what was noted: the next sign-in notes it.
            self._write(account, account, tell, forgive)
