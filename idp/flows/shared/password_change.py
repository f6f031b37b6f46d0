"""Contains what a new password writes, whichever page it was chosen on. Not here: what proves the person (the flows),
which are good (`accounts/password_rules`)."""

from collections.abc import Callable
from dataclasses import dataclass

from idp.accounts.account import Account
from idp.accounts.notices import Notice, Notices
from idp.accounts.password import Passwords
from idp.accounts.repository import AccountRepository
from idp.accounts.waits import Waits
from idp.core.audit import Audit, AuditEvent
from idp.core.clock import Clock
from idp.core.unit_of_work import UnitOfWork
from idp.interaction.sign_out import SignOut


def _nothing() -> None:
    """Nothing is written with the password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChange:
    work: UnitOfWork
    accounts: AccountRepository
    audit: Audit
    clock: Clock
    passwords: Passwords
    waits: Waits
    notices: Notices
    sign_out: SignOut

    def is_in_force(self, account: Account, password: str) -> bool:
        """Whether it is the password of this account already. Raises HashingBusy."""
        return self.passwords.is_right(account.password_hash, password)

    def write(
        self, account: Account, password: str, *, by: str, also: Callable[[], None] = _nothing
    ) -> Account:
        """Save it, and void what began before: sessions, codes, refresh tokens (facts/security TK6); together with what
        `also` writes. Returns the account as saved.

        `by`: what proved the person, for the audit trail. Raises HashingBusy, StaleAccount, and what `also` raises.
        """
        now = self.clock.now()
        changed = account.with_password(self.passwords.hash(password), now)
        post = self.notices.written(changed, Notice.PASSWORD_CHANGED)
        with self.work.as_one_step():
            also()
            self.accounts.save(changed)
            self.waits.end(account.identity.rpps)
            self.audit.record(AuditEvent.PASSWORD_CHANGED, account_id=account.id, by=by)
            post()
            self.sign_out.end_all(account.id, now, by="password_change")
        return changed
