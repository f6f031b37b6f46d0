"""The end of an account that its person closed, once the time to think again is over.

Contains what is done for each, and the port by which its rows go. Not here: closing and taking it back (`flows`), which
rows are of a person (`adapters/sql/personal_data`).
"""

import hmac
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from idp.accounts.account import AccountId
from idp.accounts.charter import CharterEvidence
from idp.accounts.grants import GrantRepository
from idp.accounts.notices import Notice, Notices
from idp.accounts.repository import AccountNotFound, AccountRepository
from idp.core.audit import Audit, AuditEvent
from idp.core.clock import Clock
from idp.core.unit_of_work import UnitOfWork

_AT_ONCE = 100


class NoLongerDue(Exception):
    """The person took it back, or another worker did it: it must leave the unit of work, which then writes nothing."""


class Erasures(Protocol):
    def due(self, now: datetime, most: int) -> Sequence[AccountId]:
        """Returns accounts whose end has come, the longest due first."""

    def erase(self, account_id: AccountId, now: datetime, pseudonym: str) -> None:
        """Delete the account with all its rows, with the present unit of work; its charter evidence is kept under the
        pseudonym. Raises NoLongerDue."""

    def evidence_of(self, pseudonym: str) -> Sequence["KeptEvidence"]:
        """Returns the evidence kept under this pseudonym, oldest first."""

    def purge(self, erased_before: datetime) -> int:
        """Delete some evidence kept since before then. Returns how many rows: 0 when none is left."""


@dataclass(frozen=True, slots=True)
class KeptEvidence:
    """`evidence.account_id` is the pseudonym."""

    evidence: CharterEvidence
    erased_at: datetime


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Names for people whose account is gone. RPPS numbers are few and public: only the key keeps a name from being
    read back (docs/adr/0042)."""

    key: bytes = field(repr=False)

    def of(self, rpps: str) -> str:
        """Returns 64 hexadecimal digits."""
        return hmac.digest(self.key, rpps.encode(), "sha256").hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class Eraser:
    """Any number may run, in any process. `listeners`: the clients that get a logout notice."""

    work: UnitOfWork
    accounts: AccountRepository
    erasures: Erasures
    grants: GrantRepository
    notices: Notices
    audit: Audit
    clock: Clock
    pseudonyms: Pseudonyms
    listeners: Callable[[], Collection[str]]

    def run_due(self, is_stopped: Callable[[], bool] = lambda: False) -> int:
        """Erase all that is due, each account in a commit of its own. Returns how many. Raises StoreUnavailable.

        `is_stopped`: asked before each account.
        """
        erased = 0
        while done := self._erase_some(is_stopped):
            erased += done
        return erased

    def _erase_some(self, is_stopped: Callable[[], bool]) -> int:
        erased = 0
        for account_id in self.erasures.due(self.clock.now(), _AT_ONCE):
            if is_stopped():
                break
            with suppress(NoLongerDue, AccountNotFound):
                self.erase(account_id)
                erased += 1
        return erased

    def erase(self, account_id: AccountId, motive: str = "") -> None:
        """Erase one whose end has come. `motive`: for the person. Raises NoLongerDue, AccountNotFound."""
        account, now = self.accounts.get(account_id), self.clock.now()
        post = self.notices.written(account, Notice.ACCOUNT_ERASED, motive=motive)
        with self.work.as_one_step():
            # They ended when the person closed the account; whatever came since ends now.
            self.grants.end_sessions_of(account_id, now, self.listeners())
            self.erasures.erase(account_id, now, self.pseudonyms.of(account.identity.rpps))
            self.audit.record(AuditEvent.ACCOUNT_ERASED, account_id=account_id)
            post()
