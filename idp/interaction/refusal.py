"""Contains why an interaction cannot go on: reasons, and the exception that carries one.

Not here: what a person sees then; `web/error_pages` maps each reason to its page.
"""

from enum import StrEnum


class InteractionRefusal(StrEnum):
    UNKNOWN = "unknown"
    #: Its record is still there for a while, so that the person may begin again.
    EXPIRED = "expired"
    FINISHED = "finished"
    #: The browser sent no cookie: none is kept, or none was ever set here.
    NO_COOKIE = "no_cookie"
    #: Not the browser that began (RFC 9700 §4.7).
    OTHER_BROWSER = "other_browser"
    #: The house's charter was never published: nobody enters.
    NO_CHARTER = "no_charter"
    #: The same of a charter that this client demands.
    NO_CLIENT_CHARTER = "no_client_charter"
    #: All is proved, and the end is out of order for a moment; nothing is lost.
    NOT_NOW = "not_now"


class InteractionRefused(Exception):
    """`detail` goes to the log only and names no one. `client_id`: a client whose home the person may go back to."""

    def __init__(
        self,
        reason: InteractionRefusal,
        detail: str = "",
        *,
        interaction_id: str | None = None,
        client_id: str | None = None,
    ) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.interaction_id = interaction_id
        self.client_id = client_id
