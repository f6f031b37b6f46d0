"""Contains the button that ends a session at Pro Santé Connect which is not of this person. Not here: its offer."""

from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.flows.shared.desk import Desk
from idp.flows.shared.psc_leaving import PscLeaving
from idp.web.addresses import redirect
from idp.web.page_routes import PageRoute


@dataclass(frozen=True, slots=True)
class PscLeaveFlow:
    desk: Desk
    leaving: PscLeaving

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("POST", "/interaction/<interaction_id>/psc/leave", self.leave)

    def leave(self, request: Request, interaction_id: str) -> Response:
        """Send the browser there to sign out; without a way out any more, to the doors."""
        interaction = self.desk.open(request, interaction_id)
        form = self.desk.form(request, interaction)
        address = self.leaving.address(interaction, form.get("leave", ""))
        return redirect(address) if address else self.desk.back(interaction)
