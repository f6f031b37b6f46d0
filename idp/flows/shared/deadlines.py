"""Until when a sign-in under way waits, and more time for it (WCAG 2.2.1).

Contains what a page says of it, and « Prolonger ». Not here: what is typed meanwhile (`typed_form`).
"""

from dataclasses import dataclass

from idp.core.clock import Clock
from idp.core.ephemeral import StaleRecord
from idp.interaction.record import Interaction
from idp.interaction.refusal import NotDue
from idp.interaction.store import Interactions
from idp.pages.frame import Deadline
from idp.web.local_time import local_hour


@dataclass(frozen=True, slots=True)
class Deadlines:
    interactions: Interactions
    clock: Clock

    def of(self, interaction: Interaction, locale: str) -> Deadline:
        left = interaction.expires_at - self.clock.now()
        return Deadline(
            time=local_hour(interaction.expires_at, locale),
            seconds=max(int(left.total_seconds()), 0),
            may_prolong=self.interactions.may_prolong(interaction),
        )

    def prolong(self, interaction: Interaction) -> None:
        """Save its facts, and give the person more time. Raises NotDue: a faster click of the same person wins."""
        try:
            self.interactions.prolong(interaction, self.clock.now())
        except StaleRecord as error:
            raise NotDue(interaction.id) from error
