"""Port to the notices that a person gets about their account by mail. They hold no link and no secret."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from idp.accounts.account import Account


class Notice(StrEnum):
    """What happened; the value names the texts of the mail."""

    IDENTITY_CHANGED = "identity_changed"
    PSC_LINKED = "psc_linked"
    PSC_SUBJECT_CHANGED = "psc_subject_changed"
    PASSWORD_CHANGED = "password_changed"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_UNUSED = "account_unused"
    ACCOUNT_CLOSING = "account_closing"
    ACCOUNT_KEPT = "account_kept"
    ACCOUNT_ERASED = "account_erased"


class Notices(Protocol):
    def written(
        self, account: Account, notice: Notice, until: datetime | None = None, motive: str = ""
    ) -> Callable[[], None]:
        """Returns what queues the notice to the account's address, in its language: to be called in the unit of work of
        what it tells. The mail is written before, as that takes long. `until`, `motive`: what the words of some notices
        name."""
