"""Duties that do not authenticate: today the charters, the house's and those a client demands."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from idp.accounts.account import Account
from idp.accounts.charter import HOUSE, CharterRepository, CharterRevision, NoCharterPublished, due_charters
from idp.core.errors import PageError, Problem
from idp.interaction.record import Interaction


class RequiredAction(Protocol):
    @property
    def name(self) -> str:
        """The value of its Stop."""

    def due(self, account: Account, interaction: Interaction, now: datetime) -> bool: ...


@dataclass(frozen=True, slots=True)
class CharterAction:
    charters: CharterRepository
    #: Names of the charters that this client demands beside the house's.
    demanded_by: Callable[[str], tuple[str, ...]]
    name: str = "charter"

    def due(self, account: Account, interaction: Interaction, now: datetime) -> bool:
        """True until the account accepted each revision in force. Raises PageError, as `still_due`."""
        return bool(self.still_due(account, interaction.client_id))

    def still_due(self, account: Account, client_id: str) -> tuple[CharterRevision, ...]:
        """In the order to ask. Raises PageError: what was never published cannot be accepted, and nobody enters."""
        try:
            return due_charters(account, self.demanded_by(client_id), self.charters)
        except NoCharterPublished as missing:
            problem = Problem.NO_CHARTER if missing.charter == HOUSE else Problem.NO_CLIENT_CHARTER
            raise PageError(problem, str(missing), client_id=client_id) from missing
