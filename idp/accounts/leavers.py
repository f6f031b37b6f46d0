"""Accounts that nobody uses any more: warned, then disabled. Their people left, retired or died.

Contains what is done for each, in batches of the worker, and the ports. Not here: their page (`web/error_pages`).
"""

import dataclasses
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from idp.accounts.account import Account, AccountId
from idp.accounts.grants import GrantRepository
from idp.accounts.notices import Notice, Notices
from idp.accounts.repository import AccountNotFound, AccountRepository, StaleAccount
from idp.core.audit import Audit, AuditEvent
from idp.core.clock import Clock
from idp.core.unit_of_work import UnitOfWork

_AT_ONCE = 100
#: A sign-in is written once in so long: the last one is known to within a day, and most sign-ins write nothing.
_WRITTEN_EVERY = timedelta(days=1)


def is_sign_in_written(account: Account, now: datetime) -> bool:
    """Whether this sign-in must be written, or one of the last day was."""
    return account.signed_in_at is None or now - account.signed_in_at >= _WRITTEN_EVERY


class LastSignIns(Protocol):
    def record(self, account_id: AccountId, at: datetime) -> None:
        """Write it with the present unit of work; a warning of before is forgotten."""


class UnusedAccounts(Protocol):
    """Of those that somebody may sign in to: neither disabled nor about to end."""

    def to_warn(self, unused_since: datetime, most: int) -> Sequence[AccountId]:
        """Returns those without a sign-in since then, not warned yet, the longest unused first."""

    def to_disable(self, unused_since: datetime, told_before: datetime, most: int) -> Sequence[AccountId]:
        """Returns those without a sign-in since then that were warned before `told_before`."""

    def is_still(self, account_id: AccountId, unused_since: datetime) -> bool:
        """Whether it is without a sign-in since then, with the present unit: one that comes now waits for its end."""

    def warn(self, account_id: AccountId, unused_since: datetime, at: datetime) -> bool:
        """Write that the person was warned, with the present unit. Returns False: signed in, or warned, meanwhile."""


class _SignedInMeanwhile(Exception):
    """It leaves the unit of work, which then writes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leavers:
    """`motive`: in a language, what the person of a disabled account reads."""

    work: UnitOfWork
    accounts: AccountRepository
    unused: UnusedAccounts
    grants: GrantRepository
    notices: Notices
    audit: Audit
    clock: Clock
    warned_after: timedelta
    disabled_after: timedelta
    motive: Callable[[str], str]
    listeners: Callable[[], Collection[str]]

    def run_due(self, is_stopped: Callable[[], bool] = lambda: False) -> int:
        """Warn and disable all that is due, each account in a commit of its own. Returns how many. Raises
        StoreUnavailable. `is_stopped`: asked before each account."""
        done = 0
        while more := self._act_on_some(is_stopped):
            done += more
        return done

    def _act_on_some(self, is_stopped: Callable[[], bool]) -> int:
        now = self.clock.now()
        # Nobody is disabled sooner after the warning than the settings say, also where the worker was away for months.
        told_before = now - (self.disabled_after - self.warned_after)
        due = [
            *(
                (self._disable, one)
                for one in self.unused.to_disable(now - self.disabled_after, told_before, _AT_ONCE)
            ),
            *((self._warn, one) for one in self.unused.to_warn(now - self.warned_after, _AT_ONCE)),
        ]
        done = 0
        for act, account_id in due:
            if is_stopped():
                break
            with suppress(_SignedInMeanwhile, StaleAccount, AccountNotFound):
                act(account_id, now)
                done += 1
        return done

    def _warn(self, account_id: AccountId, now: datetime) -> None:
        account = self.accounts.get(account_id)
        until = now + (self.disabled_after - self.warned_after)
        post = self.notices.written(account, Notice.ACCOUNT_UNUSED, until=until)
        with self.work.as_one_step():
            if not self.unused.warn(account_id, now - self.warned_after, now):
                raise _SignedInMeanwhile
            self.audit.record(AuditEvent.ACCOUNT_UNUSED_TOLD, account_id=account_id)
            post()

    def _disable(self, account_id: AccountId, now: datetime) -> None:
        account = self.accounts.get(account_id)
        motive = self.motive(account.locale)
        disabled = dataclasses.replace(account, enabled=False, disabled_motive=motive).next_generation()
        post = self.notices.written(disabled, Notice.ACCOUNT_DISABLED, motive=motive)
        with self.work.as_one_step():
            # The version does not tell: a sign-in changes nothing else of the account.
            if not self.unused.is_still(account_id, now - self.disabled_after):
                raise _SignedInMeanwhile
            self.accounts.save(disabled)
            self.grants.end_sessions_of(account_id, now, self.listeners())
            self.audit.record(AuditEvent.ACCOUNT_DISABLED, account_id=account_id, by="unused")
            post()
