"""The mail before the day of an announced charter, to whoever has not accepted it: in batches of the worker, once each.

A cursor on the revision says to whom they came, and moves in the commit that posts them. Not here: words, SQL.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from idp.accounts.account import Account
from idp.accounts.charter import CharterRevision
from idp.core.audit import Audit, AuditEvent
from idp.core.clock import Clock
from idp.core.unit_of_work import UnitOfWork

_AT_ONCE = 100
#: So many mails may wait: codes go ahead of them, other notices do not.
_MOST_WAITING = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """`people`: whom to remind; `after`, `up_to`: the cursor before and after them; `is_last`: nobody comes after."""

    people: Sequence[Account]
    after: str
    up_to: str
    is_last: bool


class ToRemind(Protocol):
    def revisions(self, within: timedelta) -> Sequence[CharterRevision]:
        """Returns those announced for a day within so long of which not everybody was reminded."""

    def next_batch(self, revision: CharterRevision, most: int) -> Batch:
        """Returns the next ones: who may sign in, has an address, and accepted the one in force and not this one.
        `most`: accounts looked at."""

    def move(self, revision: CharterRevision, batch: Batch) -> bool:
        """Write, with the present unit, that these were reminded. Returns False: another worker did it, or the
        revision was withdrawn."""


class ReminderMails(Protocol):
    def written(self, account: Account, revision: CharterRevision) -> Callable[[], None]:
        """Returns what queues the mail, as `Notices.written` does."""

    def concerns_anybody(self, charter: str) -> bool:
        """Whether this service, or a client, demands this charter."""


class _DoneByAnother(Exception):
    """It leaves the unit of work, which then writes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterReminders:
    """`before`: so long before its day; nothing: never. `waiting`: how many mails wait."""

    work: UnitOfWork
    to_remind: ToRemind
    mails: ReminderMails
    waiting: Callable[[], int]
    audit: Audit
    clock: Clock
    before: timedelta

    def run_due(self, is_stopped: Callable[[], bool] = lambda: False) -> int:
        """Remind all that is due. Returns how many people. `is_stopped`: asked before each batch. Raises
        StoreUnavailable."""
        if not self.before:
            return 0
        due = [
            one for one in self.to_remind.revisions(self.before) if self.mails.concerns_anybody(one.charter)
        ]
        return sum(self._remind_all(one, is_stopped) for one in due)

    def _remind_all(self, revision: CharterRevision, is_stopped: Callable[[], bool]) -> int:
        done = 0
        while not is_stopped() and self.waiting() < _MOST_WAITING:
            batch = self.to_remind.next_batch(revision, _AT_ONCE)
            try:
                self._remind(revision, batch)
            except _DoneByAnother:
                break  # Its cursor is further on: the next turn reads it.
            done += len(batch.people)
            if batch.is_last:
                break
        return done

    def _remind(self, revision: CharterRevision, batch: Batch) -> None:
        posts = [self.mails.written(account, revision) for account in batch.people]
        with self.work.as_one_step():
            if not self.to_remind.move(revision, batch):
                raise _DoneByAnother
            for account, post in zip(batch.people, posts, strict=True):
                self.audit.record(
                    AuditEvent.CHARTER_REMINDED,
                    account_id=account.id,
                    charter=revision.charter,
                    revision=revision.revision,
                )
                post()
