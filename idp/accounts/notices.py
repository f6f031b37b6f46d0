"""Port to the notices that a person gets about their account by mail. They hold no link and no secret."""

from enum import StrEnum
from typing import Protocol

from idp.accounts.account import Account


class Notice(StrEnum):
    """What happened; the value names the texts of the mail."""

    IDENTITY_CHANGED = "identity_changed"
    PSC_LINKED = "psc_linked"
    PSC_SUBJECT_CHANGED = "psc_subject_changed"
    PASSWORD_CHANGED = "password_changed"


class Notices(Protocol):
    def tell(self, account: Account, notice: Notice) -> None:
        """Queue the notice to the account's address, in its language. Committed before this returns."""
