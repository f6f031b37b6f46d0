"""Contains opening an interaction for the browser of this request. Not here: what a page does with it (`desk`)."""

from dataclasses import dataclass

from flask import request
from werkzeug.wrappers import Response

from idp.core.clock import Clock
from idp.interaction.authenticator import AuthenticatorId
from idp.interaction.binding import Bindings
from idp.interaction.hub import Finishes, Hub
from idp.interaction.record import Interaction
from idp.interaction.store import Interactions
from idp.interaction.visit import Visit
from idp.web.cookies import Cookies
from idp.web.hub import visit_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    interactions: Interactions
    bindings: Bindings
    hub: Hub
    #: How the interactions end, by their mark.
    finishes: Finishes[Response]
    cookies: Cookies
    clock: Clock

    def open(self, interaction_id: str) -> Interaction:
        """Returns the live interaction of this browser. Raises InteractionRefused."""
        visit = self._visit()
        return self.interactions.open(interaction_id, visit.binding(interaction_id), visit.now)

    def open_to_repeat(self, interaction_id: str, authenticator: AuthenticatorId) -> Interaction:
        """Returns it as `open` does, also to a second click on the form of this proof. Raises InteractionRefused."""
        return self.bindings.open_to_repeat(interaction_id, self._visit(), authenticator)

    def is_overtaken(self, interaction: Interaction) -> bool:
        """Whether the hub must look first, as another tab signed in or out. After a sign-in, what is typed in a form is
        read all the same; after a sign-out nothing is done in the name of the person who left."""
        if request.method == "POST":
            return self.hub.leans_on_ended_session(interaction, self._visit())
        return self.hub.is_overtaken(interaction, self._visit(), self.finishes)

    def _visit(self) -> Visit:
        return visit_of(request, self.cookies, self.clock.now())
