"""Stops that do not authenticate.

Contains the port, the end of an account that its person closed, and the charters: this service's and those a client
demands. Not here: their pages (`flows/closing`, `flows/charter`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from idp.accounts.account import Account
from idp.accounts.charter import HOUSE, CharterRepository, CharterRevision, NoCharterPublished
from idp.accounts.standing import Standing
from idp.interaction.record import Interaction, own_events
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterAction:
    charters: CharterRepository
    #: Names of the charters that this client demands beside this service's own.
    demanded_by: Callable[[str], tuple[str, ...]]
    #: « Plus tard » holds for so long.
    put_off_for: timedelta
    name: str = "charter"

    def due(self, standing: Standing, interaction: Interaction, now: datetime) -> bool:
        """Returns True while a charter is to be asked for. Raises InteractionRefused: one that was never published
        cannot be accepted; it is told before any is asked for, as nobody must begin a series that cannot be finished.
        """
        if standing.unpublished is not None:
            raise _unpublished(NoCharterPublished(standing.unpublished), interaction.client_id)
        return bool(self._asked(standing, interaction, now))

    def count_for(self, client_id: str) -> int:
        """Returns how many a person has to accept who comes to this client for the first time."""
        return 1 + len(self.demanded_by(client_id))

    def asked(
        self, standing: Standing, interaction: Interaction, now: datetime
    ) -> tuple[CharterRevision, ...]:
        """Returns the revisions to ask for, in this order: of each charter the newest. Raises InteractionRefused."""
        self.due(standing, interaction, now)
        try:
            return tuple(self.charters.newest(name) for name in self._asked(standing, interaction, now))
        except NoCharterPublished as missing:
            raise _unpublished(missing, interaction.client_id) from missing

    def _asked(self, standing: Standing, interaction: Interaction, now: datetime) -> tuple[str, ...]:
        if not self._may_offer(standing.account, interaction, now):
            return standing.due
        return (*standing.due, *standing.announced)

    def _may_offer(self, account: Account, interaction: Interaction, now: datetime) -> bool:
        """Whether a charter that is only announced may be asked for: of a person who has just proved something, not on
        the way by a session; where a page may be shown; and not again so soon after « Plus tard »."""
        if interaction.silent or not own_events(interaction):
            return False
        put_off_at = account.charter_put_off_at
        return put_off_at is None or now - put_off_at >= self.put_off_for


def _unpublished(missing: NoCharterPublished, client_id: str) -> InteractionRefused:
    is_house = missing.charter == HOUSE
    reason = InteractionRefusal.NO_CHARTER if is_house else InteractionRefusal.NO_CLIENT_CHARTER
    return InteractionRefused(reason, str(missing), client_id=client_id)
