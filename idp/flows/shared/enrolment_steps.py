"""Contains which step of a first connection a page is, and how many there are. Not here: the page due (`next_stop`)."""

from dataclasses import dataclass

from idp.accounts.account import Account
from idp.interaction.record import Interaction
from idp.interaction.required_action import CharterAction
from idp.pages.step import Step

#: The form, and the code that proves its mailbox; a charter each follows.
_FORM, _CODE = 1, 2


@dataclass(frozen=True, slots=True)
class EnrolmentSteps:
    action: CharterAction

    def form(self, interaction: Interaction) -> Step:
        return Step(_FORM, self._count(interaction))

    def code(self, interaction: Interaction) -> Step:
        return Step(_CODE, self._count(interaction))

    def charter(self, interaction: Interaction, account: Account, still_due: int) -> Step | None:
        """Returns the step of a charter, of which so many are due with it; None: the account was there before."""
        if account.created_at < interaction.started_at:
            return None
        count = self._count(interaction)
        return Step(count - still_due + 1, count)

    def _count(self, interaction: Interaction) -> int:
        return _CODE + self.action.count_for(interaction.client_id)
