"""Duties that do not authenticate: today the charter."""

from dataclasses import dataclass
from datetime import datetime

from idp.accounts.account import Account
from idp.accounts.charter import CharterRepository, is_charter_due


@dataclass(frozen=True, slots=True)
class CharterAction:
    charters: CharterRepository
    name: str = "charter"

    def due(self, account: Account, now: datetime) -> bool:
        """True until the account accepted the revision in force. Raises NoCharterPublished."""
        return is_charter_due(account, self.charters.current())
