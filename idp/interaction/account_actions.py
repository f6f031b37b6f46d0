"""Stops that concern the account and no relying party: an old address, a password that was closed.

Contains when they are due: after a proof of who the person is, by card or Pro Santé Connect, in this very sign-in. What
a session lends asks for neither. Not here: their pages (`flows`).
"""

from dataclasses import dataclass
from datetime import datetime

from idp.accounts.email_change import ProvedAgain
from idp.accounts.standing import Standing
from idp.interaction.authenticator import AUTHENTICATORS
from idp.interaction.record import Interaction, own_events


@dataclass(frozen=True, slots=True)
class EmailAgainAction:
    proved_again: ProvedAgain
    name: str = "email_again"

    def due(self, standing: Standing, interaction: Interaction, now: datetime) -> bool:
        return self.proved_again.is_due(standing.account, now) and is_identified_here(interaction)


@dataclass(frozen=True, slots=True)
class PasswordClosedAction:
    name: str = "password_closed"

    def due(self, standing: Standing, interaction: Interaction, now: datetime) -> bool:
        """Returns True until the person was told."""
        closure = standing.account.password_closure
        return closure is not None and closure.told_at is None and is_identified_here(interaction)


def is_identified_here(interaction: Interaction) -> bool:
    return any(AUTHENTICATORS[event.authenticator].identifies for event in own_events(interaction))
