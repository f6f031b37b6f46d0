"""What a page says of the form that was just posted, by a GET of its own: « back » and « reload » send nothing again.

Contains the way there and back, once. Not here: what it says (`interaction/reply`, the flows), where it is kept.
"""

import re

from werkzeug.wrappers import Request, Response

from idp.cards.typed_text import bare_number
from idp.flows.shared.desk import Desk
from idp.interaction.record import Interaction
from idp.interaction.reply import Reply

#: Of an address: something is to be said there. Without it nothing is looked for.
_SAID = "said"


def reply_by_get(desk: Desk, interaction: Interaction, reply: Reply, part: str = "") -> Response:
    """Returns the way to the page that says it. `part`: the id of what the page opens at; "": its top."""
    desk.interactions.leave_reply(interaction, reply)
    return desk.back(interaction, told_at(f"/{reply.at}", part))


def take_reply(desk: Desk, request: Request, interaction: Interaction, at: str) -> Reply:
    """Returns what this page is to say: once, and nothing when it is loaded again."""
    said = desk.interactions.take_reply(interaction, at) if is_told(request) else None
    return said or Reply(at=at)


def told_at(path: str, part: str = "") -> str:
    """Returns the address of a page that has something to say. `part`: as in `reply_by_get`."""
    return f"{path}?{_SAID}=1{f'#{part}' if part else ''}"


def is_told(request: Request) -> bool:
    """Whether this address is one: for any other nothing is looked for."""
    return _SAID in request.args


def number_again(typed: str) -> str:
    """Returns a number as it was typed, to be shown again; "" for what has more than digits, or too many: a password in
    the wrong field is neither kept nor shown."""
    return typed[:40] if re.fullmatch("[0-9]{1,13}", bare_number(typed)) else ""


def with_wait(page: Response, reply: Reply) -> Response:
    """Returns the page, with when to try again (RFC 9110 §10.2.3)."""
    if reply.wait_seconds:
        page.headers["Retry-After"] = str(reply.wait_seconds)
    return page
