"""Why an interaction cannot go on.

Contains the reasons and the exception that carries one, and the exception of a page that is not the one due. Not here:
the page of each reason (`web/error_pages`).
"""

from enum import StrEnum


class InteractionRefusal(StrEnum):
    UNKNOWN = "unknown"
    #: Its record is kept for a while, so that the person may begin again.
    EXPIRED = "expired"
    FINISHED = "finished"
    #: The browser sent no cookie: it keeps none, or none was ever set in it.
    NO_COOKIE = "no_cookie"
    #: Not the browser that began the interaction (RFC 9700 §4.7).
    OTHER_BROWSER = "other_browser"
    #: It went on since: the answer was lost, or a copy of the cookie is shown. What was proved is not told.
    WENT_ON = "went_on"
    #: This service's charter was never published: no person can sign in.
    NO_CHARTER = "no_charter"
    #: A charter that this client demands was never published.
    NO_CLIENT_CHARTER = "no_client_charter"
    #: Too many were begun from this network: nothing is kept of this one.
    CROWDED = "crowded"
    #: All is proved, and the end is out of order for a moment; nothing the person did is lost.
    NOT_NOW = "not_now"


class InteractionRefused(Exception):
    """`detail` goes to the log only and names no person. `client_id`: the client whose home the page offers."""

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


class NotDue(Exception):
    """This page is not the one due. Answered by a redirect to the hub, which knows it."""

    def __init__(self, interaction_id: str) -> None:
        super().__init__(interaction_id)
        self.interaction_id = interaction_id
