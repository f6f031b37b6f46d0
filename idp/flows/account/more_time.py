"""« Prolonger », in the sections of « Mon compte » in whose forms something is typed (WCAG 2.2.1).

Contains its one button: a visit of the person prolongs the session; where that is not enough, they are asked once more
who they are, and find what they typed again. Not here: until when a form waits (`shared/section_deadlines`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from werkzeug.wrappers import Request, Response

from idp.flows.shared.account_desk import AccountDesk
from idp.flows.shared.typed_in_sections import KEPT
from idp.web.page_routes import PageRoute
from idp.web.sections import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionMoreTimeFlow:
    desk: AccountDesk
    #: Those that this service has.
    sections: tuple[Section, ...]

    def routes(self) -> Iterator[PageRoute]:
        for section in self.sections:
            if section in KEPT:
                yield PageRoute("POST", f"{section.path}/more_time", partial(self.give, section))

    def give(self, section: Section, request: Request) -> Response:
        """Raises Detour."""
        entered = self.desk.enter(request, section)
        self.desk.prolong(request, entered, self.desk.form(request, entered))
