"""An identity proved again, by card or by Pro Santé Connect: its fields refreshed, its history kept, the person told.

Lives here: the one way in which an account takes a newer proof. Every door that proves an identity calls it.
"""

import dataclasses
from dataclasses import dataclass

from idp.accounts.account import Account, ProvedIdentity
from idp.accounts.identity_change import IdentityChange, changed_fields, merged
from idp.accounts.notices import Notice, Notices
from idp.accounts.repository import AccountRepository, StaleAccount
from idp.audit import Audit, AuditEvent

#: Another login of the same person may save in between; so often in a row, something else is wrong.
_TRIES = 3


@dataclass(frozen=True, slots=True)
class IdentityUpdates:
    accounts: AccountRepository
    notices: Notices
    audit: Audit

    def apply(self, account: Account, proved: ProvedIdentity) -> Account:
        """The account as the newest proof leaves it. `proved.rpps` is the account's own.

        The history is written with the account, or neither. Raises what the repository raises.
        """
        for _ in range(_TRIES):
            identity = merged(account.identity, proved)
            change = _change(account, identity)
            try:
                self.accounts.save(dataclasses.replace(account, identity=identity), change=change)
            except StaleAccount:
                account = self.accounts.get(account.id)
                continue
            if change is not None:
                self._tell(account, change)
            return self.accounts.get(account.id)
        return account  # Others refreshed it meanwhile, as often as we tried.

    def _tell(self, account: Account, change: IdentityChange) -> None:
        self.audit.record(
            AuditEvent.IDENTITY_CHANGED,
            account_id=account.id,
            source=change.after.source,
            fields=" ".join(change.fields),
        )
        if change.is_told:
            self.notices.tell(account, Notice.IDENTITY_CHANGED)


def _change(account: Account, identity: ProvedIdentity) -> IdentityChange | None:
    if not changed_fields(account.identity, identity):
        return None
    return IdentityChange(account.id, identity.verified_at, account.identity, identity)
