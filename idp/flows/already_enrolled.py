"""Contains the page that tells of an account made elsewhere meanwhile: what was typed here does not vanish in silence.

Not here: going on with that account (`shared/already_enrolled`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.flows.shared.already_enrolled import PAGE, SAME_EMAIL
from idp.flows.shared.desk import Desk
from idp.flows.shared.replies import take_reply
from idp.pages.enrolment import AlreadyEnrolledPage
from idp.web.page_routes import PageRoute


@dataclass(frozen=True, slots=True)
class AlreadyEnrolledFlow:
    desk: Desk

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", f"/interaction/<interaction_id>/{PAGE}", self.show)

    def show(self, request: Request, interaction_id: str) -> Response:
        """Tell it once. Else go back to the hub."""
        interaction = self.desk.open(request, interaction_id)
        reply = take_reply(self.desk, request, interaction, PAGE)
        if reply.message is None:
            return self.desk.back(interaction)
        page = AlreadyEnrolledPage(
            masked_email=reply.typed["masked"],
            typed_email=reply.typed["email"],
            is_same_email=reply.message == SAME_EMAIL,
        )
        return self.desk.show(request, interaction, "already_enrolled.html", page, reply.status)
