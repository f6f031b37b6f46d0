"""Contains which events count for a request that wants a fresh one (`prompt=login`, `max_age`, a fresh proof), or hints
at a door.

Not here: what they earn (`assurance`), the record itself (`record`), the hint (`hint`).
"""

from idp.interaction.hint import answering_events
from idp.interaction.record import AuthenticationEvent, Interaction, own_events


def counting_events(interaction: Interaction) -> tuple[AuthenticationEvent, ...]:
    """Returns the events that are fresh enough for this request, and of the door at which it hints."""
    since, answering = interaction.fresh_after, answering_events(interaction)
    if since is None:
        return answering
    # A login is wanted: no event of the session counts, also when the clock that dated it is ahead of this request's.
    is_login_wanted = since >= interaction.started_at
    events = own_events(interaction) if is_login_wanted else answering
    return tuple(event for event in events if event.at >= since)


def is_taken_on_trust(interaction: Interaction) -> bool:
    """Whether all that counts was proved before, in a session, and the person present said and proved nothing yet."""
    return interaction.sid is not None and not interaction.confirmed and bool(counting_events(interaction))


def takes_later_proofs(interaction: Interaction) -> bool:
    """Whether what was proved elsewhere since the request may count for it.

    False when the relying party asked for a new authentication (`prompt=login`, `max_age=0`): it is to happen here.
    """
    return interaction.fresh_after is None or interaction.fresh_after < interaction.started_at
