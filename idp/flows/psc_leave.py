"""Contains the button that ends a session at Pro Santé Connect which is not of this person. Not here: its offer."""

from dataclasses import dataclass

from flask import Blueprint
from werkzeug.wrappers import Response

from idp.flows.shared.desk import Desk
from idp.flows.shared.psc_leaving import PscLeaving
from idp.web.addresses import redirect


@dataclass(frozen=True, slots=True)
class PscLeaveFlow:
    desk: Desk
    leaving: PscLeaving

    def routes(self) -> Blueprint:
        pages = Blueprint("psc_leave", __name__)
        pages.post("/interaction/<interaction_id>/psc/leave")(self.leave)
        return pages

    def leave(self, interaction_id: str) -> Response:
        """Send the browser there to sign out; without a way out any more, to the doors."""
        interaction = self.desk.open(interaction_id)
        form = self.desk.form(interaction)
        address = self.leaving.address(interaction, form.get("leave", ""))
        return redirect(address) if address else self.desk.back(interaction)
