"""Contains « La première connexion doit être réalisée avec votre carte CPx ». Not here: the form (`enrolment`)."""

from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.flows.shared.already_enrolled import AlreadyEnrolled
from idp.flows.shared.desk import Desk
from idp.interaction.refusal import NotDue
from idp.interaction.stop import Stop
from idp.pages.enrolment import FirstConnectionPage
from idp.web.page_routes import PageRoute


@dataclass(frozen=True, slots=True)
class FirstConnectionFlow:
    desk: Desk
    already: AlreadyEnrolled

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", "/interaction/<interaction_id>/first_connection", self.show)

    def show(self, request: Request, interaction_id: str) -> Response:
        interaction = self.desk.open_due(request, interaction_id, Stop.FIRST_CONNECTION)
        if interaction.identity is None:
            raise NotDue(interaction_id)
        if (answer := self.already.answer(interaction)) is not None:
            return answer
        doors = self.desk.doors(interaction)
        page = FirstConnectionPage(
            name=interaction.identity.full_name, cps_open=doors.cps, psc_open=doors.psc
        )
        return self.desk.show(request, interaction, "first_connection.html", page)
