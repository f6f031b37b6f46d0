"""Stops that concern the account and no relying party: an old address, a password that was closed, one that is listed.

Contains when they are due: after what the person proved in this very sign-in, a proof of who they are by card or
Pro Santé Connect, or the password. What a session lends asks for none. Not here: their pages (`flows`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from idp.accounts.email_change import ProvedAgain
from idp.accounts.standing import Standing
from idp.interaction.assurance import assurance_of
from idp.interaction.authenticator import AUTHENTICATORS
from idp.interaction.record import AuthenticationEvent, Interaction, own_events


@dataclass(frozen=True, slots=True)
class EmailAgainAction:
    proved_again: ProvedAgain
    #: As for a section of « Mon compte »: another address may be typed there.
    fresh_for: timedelta
    name: str = "email_again"

    def due(self, standing: Standing, interaction: Interaction, now: datetime) -> bool:
        # From the begin of the sign-in, or the page would be gone while its code is typed.
        since = interaction.started_at - self.fresh_for
        is_fresh = any(event.is_moment_told and event.at >= since for event in _identified_here(interaction))
        return is_fresh and self.proved_again.is_due(standing.account, now)


@dataclass(frozen=True, slots=True)
class PasswordClosedAction:
    name: str = "password_closed"

    def due(self, standing: Standing, interaction: Interaction, now: datetime) -> bool:
        """Returns True until the person was told."""
        closure = standing.account.password_closure
        return closure is not None and closure.told_at is None and any(_identified_here(interaction))


@dataclass(frozen=True, slots=True)
class PasswordRenewalAction:
    """The lists of common and leaked passwords have learned the one that was just typed (docs/adr/0044)."""

    name: str = "password_renewal"

    def due(self, standing: Standing, interaction: Interaction, now: datetime) -> bool:
        """Returns True until there is another one. Not after the card and Pro Santé Connect, which prove without it."""
        if standing.account.password_listed_at is None or any(_identified_here(interaction)):
            return False
        own = own_events(interaction)
        # Both halves given here: nobody chooses a password on what a session lends.
        return any(event.authenticator == "password" for event in own) and assurance_of(own) is not None


def _identified_here(interaction: Interaction) -> Iterator[AuthenticationEvent]:
    return (event for event in own_events(interaction) if AUTHENTICATORS[event.authenticator].identifies)
