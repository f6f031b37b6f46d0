"""Port to durable accounts. Committed before it returns; the adapter is `adapters/sql_accounts.py`."""

from typing import Protocol

from idp.accounts.account import Account, AccountId
from idp.accounts.identity_change import IdentityChange


class AccountNotFound(Exception):
    pass


class RppsTaken(Exception):
    """Another account holds this RPPS: whoever proved it signs in there."""


class EmailTaken(Exception):
    """Another account proved this e-mail address."""


class StaleAccount(Exception):
    """Another writer changed the account since it was read."""


class AccountRepository(Protocol):
    def get(self, account_id: AccountId) -> Account:
        """Raises AccountNotFound."""

    def find_by_rpps(self, rpps: str) -> Account | None:
        """`rpps`: 11 canonical digits."""

    def find_by_email(self, email: str) -> Account | None:
        """Compared case-insensitively, as stored by `add`."""

    def add(self, account: Account) -> None:
        """Atomic. Raises RppsTaken or EmailTaken; two concurrent calls for one RPPS make one account."""

    def save(self, account: Account, *, change: IdentityChange | None = None) -> None:
        """Write at `version + 1` if the stored version is `account.version`. Raises StaleAccount, EmailTaken.

        `change` becomes a row of the account's history, in the same transaction.
        """

    def history(self, account_id: AccountId) -> tuple[IdentityChange, ...]:
        """Every change of the identity, oldest first."""
