"""What follows when an account comes to an address that others have (docs/adr/0045).

Contains telling them. Not here: whether it may (`adapters/sql/accounts`), the door that it closes (`accounts/account`).
"""

import dataclasses
from dataclasses import dataclass

from idp.accounts.account import Account
from idp.accounts.notices import Notice, Notices
from idp.accounts.repository import AccountRepository
from idp.core.audit import Audit, AuditEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxSharing:
    accounts: AccountRepository
    notices: Notices
    audit: Audit
    #: An address may be that of several accounts.
    is_allowed: bool

    def came(self, account: Account) -> None:
        """Tell, with the present unit of work, which has written the account with its new address: the person, and
        whoever had the mailbox alone until now."""
        if not self.is_allowed:
            return
        # Read after that write: of two who come at one instant, the second finds the first.
        there = self.accounts.having_email(account.email)
        others = [one for one in there if one.id != account.id]
        # Where there were two already, they know.
        told = [account, *others] if len(others) == 1 else [account] if others else []
        for one in told:
            self.notices.written(dataclasses.replace(one, is_mailbox_shared=True), Notice.EMAIL_SHARED)()
            self.audit.record(AuditEvent.EMAIL_SHARED, account_id=one.id)
