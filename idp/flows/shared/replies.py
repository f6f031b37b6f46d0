"""What a page says of the form that was just posted, by a GET of its own: « back » and « reload » send nothing again.

Contains keeping it and taking it, once. Not here: what it says (`interaction/reply`, the flows).
"""

from contextlib import suppress

from werkzeug.wrappers import Response

from idp.core.ephemeral import StaleRecord
from idp.core.replacing import replace
from idp.flows.shared.desk import Desk
from idp.interaction.record import Interaction
from idp.interaction.refusal import InteractionRefused
from idp.interaction.reply import Reply


def reply_by_get(desk: Desk, interaction: Interaction, reply: Reply, part: str = "") -> Response:
    """Returns the way to the page that says it. `part`: the id of what the page opens at; "": its top."""
    try:
        desk.interactions.save(replace(interaction, reply=reply))
    except StaleRecord:
        # The second click of two: what the first one wrote stays, and this is said beside it.
        with suppress(StaleRecord, InteractionRefused):
            known = desk.interactions.reread(interaction.id)
            if known.browser == interaction.browser:
                desk.interactions.save(replace(known, reply=reply))
    return desk.back(interaction, f"/{reply.at}#{part}" if part else f"/{reply.at}")


def take_reply(desk: Desk, interaction: Interaction, at: str) -> tuple[Interaction, Reply]:
    """Returns the interaction without it, and what this page is to say: once, and nothing when it is loaded again."""
    reply = interaction.reply
    if reply is None or reply.at != at:
        return interaction, Reply(at=at)
    silent = replace(interaction, reply=None)
    with suppress(StaleRecord):
        silent = desk.interactions.save(silent)
    return silent, reply


def with_wait(page: Response, reply: Reply) -> Response:
    """Returns the page, with when to try again (RFC 9110 §10.2.3)."""
    if reply.wait_seconds:
        page.headers["Retry-After"] = str(reply.wait_seconds)
    return page
