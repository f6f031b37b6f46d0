"""Stops that do not authenticate.

Contains the port, the end of an account that its person closed, and the charters: this service's and those a client
demands. Not here: their pages (`flows/closing`, `flows/charter`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from idp.accounts.account import Account
from idp.accounts.charter import HOUSE, CharterRepository, CharterRevision, NoCharterPublished, due_charters
from idp.accounts.standing import Standing
from idp.interaction.record import Interaction
from idp.interaction.refusal import InteractionRefusal, InteractionRefused


class RequiredAction(Protocol):
    @property
    def name(self) -> str:
        """The value of its Stop."""

    def due(self, standing: Standing, interaction: Interaction, now: datetime) -> bool: ...


@dataclass(frozen=True, slots=True)
class ClosingAction:
    """The person closed the account: it can be kept, or left to end; nothing else."""

    name: str = "closing"

    def due(self, standing: Standing, interaction: Interaction, now: datetime) -> bool:
        return standing.account.closing_at is not None


@dataclass(frozen=True, slots=True)
class CharterAction:
    charters: CharterRepository
    #: Names of the charters that this client demands beside this service's own.
    demanded_by: Callable[[str], tuple[str, ...]]
    name: str = "charter"

    def due(self, standing: Standing, interaction: Interaction, now: datetime) -> bool:
        """Returns True until the account accepted each revision in force. Raises InteractionRefused, as `still_due`."""
        if standing.unpublished is not None:
            raise _unpublished(NoCharterPublished(standing.unpublished), interaction.client_id)
        return bool(standing.due)

    def count_for(self, client_id: str) -> int:
        """Returns how many a person has to accept who comes to this client for the first time."""
        return 1 + len(self.demanded_by(client_id))

    def still_due(self, account: Account, client_id: str) -> tuple[CharterRevision, ...]:
        """Returns the revisions still to accept, in the order to ask.

        Raises InteractionRefused: a charter that was never published cannot be accepted.
        """
        try:
            return due_charters(account, self.demanded_by(client_id), self.charters)
        except NoCharterPublished as missing:
            raise _unpublished(missing, client_id) from missing


def _unpublished(missing: NoCharterPublished, client_id: str) -> InteractionRefused:
    is_house = missing.charter == HOUSE
    reason = InteractionRefusal.NO_CHARTER if is_house else InteractionRefusal.NO_CLIENT_CHARTER
    return InteractionRefused(reason, str(missing), client_id=client_id)
