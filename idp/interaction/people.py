"""Contains where a person stands for one relying party, as every decision about a sign-in reads it. Not here: SQL."""

from collections.abc import Callable
from dataclasses import dataclass

from idp.accounts.account import AccountId
from idp.accounts.repository import AccountNotFound
from idp.accounts.standing import Standing, Standings
from idp.interaction.professional_context import asks_for_context
from idp.interaction.record import Interaction


@dataclass(frozen=True, slots=True)
class People:
    standings: Standings
    #: Returns the charters that a relying party demands beside this service's own, by its `client_id`.
    demanded_by: Callable[[str], tuple[str, ...]]

    def standing(self, account_id: AccountId, interaction: Interaction) -> Standing | None:
        """Returns where this person stands at this moment for the client of the interaction; None when the account is
        gone."""
        client_id = interaction.client_id
        told_to = client_id if asks_for_context(interaction) else None
        try:
            return self.standings.of(account_id, self.demanded_by(client_id), told_to=told_to)
        except AccountNotFound:
            return None

    def of(self, interaction: Interaction) -> Standing | None:
        """Returns where its person stands; None when no person is known yet, or the account is gone."""
        if interaction.account_id is None:
            return None
        return self.standing(interaction.account_id, interaction)
