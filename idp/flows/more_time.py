"""« Prolonger »: more time for a sign-in under way (WCAG 2.2.1).

Contains its one button, for every page on which nothing is typed that a page shown anew would lose. Not here: the form
of a first connection, which keeps what was typed (`enrolment`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.flows.shared.deadlines import Deadlines
from idp.flows.shared.desk import Desk
from idp.web.page_routes import PageRoute


@dataclass(frozen=True, slots=True)
class MoreTimeFlow:
    desk: Desk
    deadlines: Deadlines

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("POST", "/interaction/<interaction_id>/more_time", self.give)

    def give(self, request: Request, interaction_id: str) -> Response:
        interaction = self.desk.open(request, interaction_id)
        self.desk.form(request, interaction)
        self.deadlines.prolong(interaction)
        return self.desk.back(interaction)
