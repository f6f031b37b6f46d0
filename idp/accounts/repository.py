"""Port to durable accounts. Committed before it returns; the adapter is `adapters/sql/accounts.py`."""

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from idp.accounts.account import Account, AccountId
from idp.accounts.identity_change import IdentityChange
from idp.core.ephemeral import StoreUnavailable

_TRIES = 5


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


def save_changed(
    accounts: AccountRepository, account_id: AccountId, change: Callable[[Account], Account]
) -> None:
    """For a decision that must not lose to another writer: `change` is applied to the row as it is by then.

    Raises AccountNotFound; StoreUnavailable for an account that never stands still, so that the caller asks again.
    """
    for _ in range(_TRIES):
        with suppress(StaleAccount):
            accounts.save(change(accounts.get(account_id)))
            return
    raise StoreUnavailable("the account kept changing")
