"""Port to durable accounts. Adapter: `adapters/sql/accounts.py`.

A write is committed before it returns, or with the present unit of work: then its exception must leave that too.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from idp.accounts.account import Account, AccountId
from idp.accounts.identity_change import IdentityChange
from idp.core.ephemeral import StoreUnavailable
from idp.core.unit_of_work import UnitOfWork

_TRIES = 5


class AccountNotFound(Exception):
    pass


class RppsTaken(Exception):
    """Another account holds this RPPS: the person who proved it signs in to that account."""


class EmailTaken(Exception):
    """Another account proved this e-mail address, and mailboxes are not shared here."""


class StaleAccount(Exception):
    """Another writer changed the account since it was read."""


class AccountRepository(Protocol):
    def get(self, account_id: AccountId) -> Account:
        """Raises AccountNotFound."""

    def get_signed_in(self, account_id: AccountId, sid: str) -> Account:
        """Returns the account whose SSO session this is. Raises AccountNotFound: also when somebody ended that session,
        whose record the ephemeral store may still have."""

    def find_by_rpps(self, rpps: str) -> Account | None:
        """`rpps`: 11 canonical digits."""

    def having_email(self, email: str) -> tuple[Account, ...]:
        """Returns the accounts with this address, the oldest first: more than one only where mailboxes are, or were,
        shared (docs/adr/0045). Case-insensitive."""

    def add(self, account: Account) -> None:
        """Write a new account. Atomic: two concurrent calls for one RPPS make one account, and two for one address,
        unless mailboxes are shared.

        Raises RppsTaken, EmailTaken.
        """

    def save(self, account: Account, *, change: IdentityChange | None = None) -> None:
        """Write at `version + 1` if the stored version is `account.version`.

        `change` becomes a row of the account's history, in the same transaction. Raises StaleAccount, EmailTaken.

        Of an account that keeps its address the other accounts there are no matter.
        """

    def history(self, account_id: AccountId) -> tuple[IdentityChange, ...]:
        """Returns every change of the identity, oldest first."""


def save_changed(
    work: UnitOfWork,
    accounts: AccountRepository,
    account_id: AccountId,
    change: Callable[[Account], Account],
    also: Callable[[], None],
) -> None:
    """Save `change` of the account, read and applied again whenever another writer came first, together with what
    `also` writes.

    For a decision that must not be lost, such as disabling an account. Raises AccountNotFound; StoreUnavailable when
    other writers came first at every try: the caller may try again.
    """
    for _ in range(_TRIES):
        changed = change(accounts.get(account_id))
        with suppress(StaleAccount), work.together():
            accounts.save(changed)
            also()
            return
    raise StoreUnavailable("the account kept changing")
