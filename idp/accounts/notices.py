"""Port to the notices that a person gets about their account by mail. They hold no secret, and no link but that of a
changed address, which only closes a door."""

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
    #: An administrator handed over a code that chooses a password.
    ACTIVATION_ISSUED = "activation_issued"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    PASSKEY_COUNTER = "passkey_counter"
    #: It was refused for that.
    PASSKEY_COPIED = "passkey_copied"
    ACCOUNT_DISABLED = "account_disabled"
    #: An administrator did so: enabled it again, ended the waits, ended sessions.
    ACCOUNT_ENABLED = "account_enabled"
    ACCOUNT_UNLOCKED = "account_unlocked"
    SESSIONS_CLOSED = "sessions_closed"
    #: Took a copy of the data; asked for the end of the account.
    DATA_COPIED = "data_copied"
    ACCOUNT_CLOSING_ASKED = "account_closing_asked"
    ACCOUNT_UNUSED = "account_unused"
    ACCOUNT_CLOSING = "account_closing"
    ACCOUNT_KEPT = "account_kept"
    ACCOUNT_ERASED = "account_erased"
    #: The password door was closed by « ce n'était pas moi ».
    PASSWORD_CLOSED = "password_closed"
    #: « Ce n'était pas moi », of an entry of the history.
    REPORTED = "reported"
    #: An administrator noted another address: to that one, and to the present one.
    EMAIL_OFFERED = "email_offered"
    EMAIL_OFFERED_ELSEWHERE = "email_offered_elsewhere"
    #: Somebody wishes this address for another account, and did not get it.
    EMAIL_WANTED = "email_wanted"
    #: The address became that of another account too: a code there proves nothing any more.
    EMAIL_SHARED = "email_shared"


class Notices(Protocol):
    def written(
        self, account: Account, notice: Notice, until: datetime | None = None, motive: str = ""
    ) -> Callable[[], None]:
        """Returns what queues the notice to the account's address, in its language: to be called in the unit of work of
        what it tells. The mail is written before, as that takes long. `until`, `motive`: what the words of some notices
        name."""

    def email_changed(self, before: Account, link: str, until: datetime) -> Callable[[], None]:
        """Returns the same for the mail to the address of before: it says that another one took its place.

        `link`: closes the password door, until then.
        """
