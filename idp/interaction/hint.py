"""Contains the door at which a relying party hints (`idp_hint`): which one, its page, which events it lets count.

A hint is a wish. It decides where the person begins, and that what another door proved before is no answer; what is
proved in this very sign-in counts, whichever door the person took. Not here: whether that door is open (`next_stop`).
"""

import dataclasses
from collections.abc import Mapping

from idp.interaction.authenticator import AUTHENTICATORS
from idp.interaction.record import AuthenticationEvent, Interaction, own_events
from idp.interaction.stop import Stop

PARAMETER = "idp_hint"
#: Where the browser is led, by the name of the door.
STOP_OF: Mapping[str, Stop] = {
    "psc": Stop.PSC,
    "cps": Stop.DOOR,
    "passkey": Stop.PASSKEY,
    "password": Stop.DOOR,
}


def hinted_door(interaction: Interaction) -> str | None:
    """Returns the name of the door, None without a hint."""
    return interaction.request.get(PARAMETER)


def past_hint(interaction: Interaction) -> Interaction:
    """Returns the interaction that is led to its hinted door no more: the doors to choose from come next time."""
    return dataclasses.replace(interaction, is_past_hint=True)


def answering_events(interaction: Interaction) -> tuple[AuthenticationEvent, ...]:
    """Returns the events without those that a session lends and another door than the hinted one proved."""
    hinted = hinted_door(interaction)
    if hinted is None:
        return interaction.events
    own = own_events(interaction)
    return tuple(
        event
        for event in interaction.events
        if event in own or AUTHENTICATORS[event.authenticator].door == hinted
    )
