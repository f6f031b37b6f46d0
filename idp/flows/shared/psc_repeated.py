"""The same answer of Pro Santé Connect a second time: « reload » while the first is slow, a second click, Back.

Contains where it leads: where the first one leads, once that is known, and a page that waits until then. The code goes
to Pro Santé Connect once (docs/adr/0071). Not here: the first (`flows/psc`), the record of both (`psc_attempts`).
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from werkzeug.wrappers import Request, Response

from idp.core.clock import Clock
from idp.flows.shared.desk import Desk
from idp.flows.shared.psc_attempts import LEAVE, ONWARD, PERSON, REASON, is_same_answer, person_in
from idp.flows.shared.psc_freshness import Freshness
from idp.flows.shared.psc_refusals import PscRefusals
from idp.interaction.binding import last_authenticator
from idp.interaction.record import Interaction, opened_by
from idp.interaction.refusal import InteractionRefused, NotDue
from idp.pages.sign_in import PscWaitingPage
from idp.web.addresses import redirect

#: How often a browser looks whether the first is done.
_REFRESH_SECONDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PscRepeated:
    desk: Desk
    refusals: PscRefusals
    freshness: Freshness
    #: The longest that an answer is under way; after it, nothing will come of it.
    longest: timedelta
    #: For so long a lost answer is given again to the binding of before it.
    life: timedelta
    clock: Clock

    def answer(self, request: Request, begun: Mapping[str, Any], answer: Mapping[str, str]) -> Response:
        """`begun`: the record of the first, which is used. Raises NotDue: the hub says what is due, or why nothing."""
        over = NotDue(begun["interaction_id"])
        if not is_same_answer(begun, answer):
            raise over
        age = self.clock.now() - datetime.fromisoformat(begun["at"])
        try:
            interaction = self.desk.open(request, begun["interaction_id"])
        except InteractionRefused as refused:
            if age < self.life and (proved := self._proved(request, begun, refused)):
                return proved
            raise over from refused
        # Something was proved since: its answer arrived.
        if begun["binding"] not in opened_by(interaction):
            raise over
        if REASON in begun:
            return self.refusals.page(request, interaction, begun[REASON], begun[LEAVE])
        if ONWARD in begun:
            return redirect(begun[ONWARD])
        if age >= self.longest:
            raise over
        return self._waiting(request, interaction)

    def _proved(
        self, request: Request, begun: Mapping[str, Any], refused: InteractionRefused
    ) -> Response | None:
        """Returns the way on of whom the first one proved, as its answer was lost, or is lost by now; None of any other
        proof, and for any other browser."""
        desk = self.desk
        with suppress(InteractionRefused):
            after = desk.opening.open_after(request, refused)
            is_of_it = after.browser == begun["binding"] and last_authenticator(after) == "psc"
            # docs/adr/0029: the same proof of the same person, and of nobody else.
            if is_of_it and begun.get(PERSON) == person_in(after):
                response = desk.prove(after)
                self.freshness.identified(response)
                return response
        return None

    def _waiting(self, request: Request, interaction: Interaction) -> Response:
        page = self.desk.show(request, interaction, "psc_waiting.html", PscWaitingPage())
        # A header, as the address has the code: without one, this very address.
        page.headers["Refresh"] = str(_REFRESH_SECONDS)
        return page
