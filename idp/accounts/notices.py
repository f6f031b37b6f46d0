"""Port to the notices that a person gets about their account by mail. They hold no link and no secret."""

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from idp.accounts.account import Account


class Notice(StrEnum):
    """What happened; the value names the texts of the mail."""

    IDENTITY_CHANGED = "identity_changed"
    PSC_LINKED = "psc_linked"
    PSC_SUBJECT_CHANGED = "psc_subject_changed"
    PASSWORD_CHANGED = "password_changed"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    PASSKEY_COUNTER = "passkey_counter"


class Notices(Protocol):
    def written(self, account: Account, notice: Notice) -> Callable[[], None]:
        """Returns what queues the notice to the account's address, in its language: to be called in the unit of work of
        what it tells. The mail is written before, as that takes long."""
