"""Contains what a page with doors says above them, and fills in. Not here: which doors are open (`open_doors`)."""

from idp.accounts.account import Account
from idp.cards.rpps import InvalidRpps, parse_rpps
from idp.interaction.assurance import RANK, assurance_of
from idp.interaction.counting import counting_events
from idp.interaction.hint import hinted_door
from idp.interaction.record import Interaction, own_events

MAILBOX_SHARED = "choice.mailbox_shared"


def notice_of(interaction: Interaction, account: Account | None) -> str | None:
    """Returns the key of the text that says why the person sees doors again; None at the first time."""
    if account is not None and account.is_mailbox_shared and _proved_password(interaction):
        # It became so in this very sign-in, or the operator has closed passkeys.
        return MAILBOX_SHARED
    if interaction.restarted:
        return "choice.restarted"
    if interaction.sid is None:
        return None
    if interaction.fresh_after is not None:
        return "choice.fresh"
    held = assurance_of(interaction.events)
    is_strong = held is not None and RANK[held.acr] >= RANK[interaction.needed]
    if is_strong and hinted_door(interaction) is not None and not counting_events(interaction):
        return "choice.hinted"
    return "choice.other_door" if is_strong else "choice.step_up"


def _proved_password(interaction: Interaction) -> bool:
    return any(event.authenticator == "password" for event in own_events(interaction))


def suggested_rpps(interaction: Interaction) -> str:
    """Returns `login_hint` (Core §3.1.2.1) if it is an RPPS, else "": no other text of a client is put on our page."""
    try:
        return parse_rpps(interaction.request.get("login_hint", ""))
    except InvalidRpps:
        return ""
