"""Contains opening an interaction for the browser of this request. Not here: what a page does with it (`desk`)."""

from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.core.origin import found_in_session
from idp.interaction.authenticator import AuthenticatorId
from idp.interaction.binding import Bindings
from idp.interaction.hub import Finishes, Hub
from idp.interaction.lending import Lending
from idp.interaction.record import Interaction
from idp.interaction.refusal import InteractionRefusal, InteractionRefused
from idp.interaction.store import Interactions
from idp.web.hub import Visits


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    interactions: Interactions
    bindings: Bindings
    hub: Hub
    lending: Lending
    #: How the interactions end, by their mark.
    finishes: Finishes[Request, Response]
    visits: Visits

    def open(self, request: Request, interaction_id: str, repeats: AuthenticatorId | None) -> Interaction:
        """Returns the live interaction of this browser. Raises InteractionRefused.

        `repeats`: under the former binding too, as it was before its last proof, if that was by this authenticator.
        """
        visit = self.visits.of(request)
        if repeats is not None:
            found = self.bindings.open_to_repeat(interaction_id, visit, repeats)
        else:
            found = self.interactions.open(interaction_id, visit.binding(interaction_id), visit.now)
        if found.sid is not None:
            found_in_session(found.sid)
        return found

    def open_after(self, request: Request, refused: InteractionRefused) -> Interaction:
        """Returns what the form of this request made of the interaction when it came first, as `Bindings.open_after`
        does. Raises InteractionRefused: `refused`, if it did not."""
        if refused.reason is not InteractionRefusal.WENT_ON or refused.interaction_id is None:
            raise refused
        return self.bindings.open_after(refused.interaction_id, self.visits.of(request))

    def is_overtaken(self, request: Request, interaction: Interaction) -> bool:
        """Whether the hub must look first, as another tab signed in or out. After a sign-in, what is typed in a form is
        read all the same; after a sign-out nothing is done in the name of the person who left."""
        if request.method == "POST":
            return self.lending.leans_on_ended(interaction, self.visits.of(request))
        return self.hub.is_overtaken(interaction, self.visits.of(request), self.finishes)
