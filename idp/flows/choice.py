"""Contains the sign-in page with its doors, and « Annuler » of every page of an interaction. Not here: a door."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.core.errors import OAuthError
from idp.flows.shared.desk import Desk
from idp.flows.shared.door_words import MAILBOX_SHARED, notice_of, suggested_rpps
from idp.interaction.stop import Stop
from idp.pages.choice import ChoicePage
from idp.web.agents import is_phone
from idp.web.last_door import LastDoors
from idp.web.page_routes import PageRoute


@dataclass(frozen=True, slots=True)
class ChoiceFlow:
    desk: Desk
    last_doors: LastDoors
    #: A person without an account may begin by Pro Santé Connect too.
    enrolment_from_psc: bool

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", "/interaction/<interaction_id>/choice", self.show)
        yield PageRoute("POST", "/interaction/<interaction_id>/cancel", self.cancel)

    def show(self, request: Request, interaction_id: str) -> Response:
        interaction = self.desk.open_due(request, interaction_id, Stop.CHOICE)
        doors = self.desk.doors(interaction)
        notice = notice_of(interaction, self.desk.account(interaction))
        page = ChoicePage(
            doors=doors,
            notice=notice,
            login_hint=suggested_rpps(interaction),
            enrolment_from_psc=self.enrolment_from_psc,
            last_door=self.last_doors.of(request),
            is_phone=is_phone(request.headers),
        )
        # A suggested RPPS is of one person, as what was proved: such a page is not kept for others.
        is_of_person = page.login_hint or notice == MAILBOX_SHARED
        show = self.desk.show if is_of_person else self.desk.show_common
        return show(request, interaction, "choice.html", page)

    def cancel(self, request: Request, interaction_id: str) -> Response:
        """The person leaves: the relying party gets `access_denied` (RFC 6749 §4.1.2.1)."""
        interaction = self.desk.open(request, interaction_id)
        self.desk.form(request, interaction)
        self.desk.record(dataclasses.replace(interaction, refusal=str(OAuthError.ACCESS_DENIED)))
        return self.desk.back(interaction)
