"""The one door at which the relying party hints (`idp_hint`): the card, or the password.

Contains its page, and « Autre moyen » of it. Not here: Pro Santé Connect and the passkey, whose own pages are the
hinted ones; what the door does with the form (`cps`, `password`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.flows.shared.desk import Desk
from idp.flows.shared.door_words import notice_of, suggested_rpps
from idp.interaction.hint import hinted_door, past_hint
from idp.interaction.stop import Stop
from idp.pages.door import DoorPage
from idp.web.page_routes import PageRoute


@dataclass(frozen=True, slots=True)
class DoorFlow:
    desk: Desk

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", "/interaction/<interaction_id>/door", self.show)
        yield PageRoute("POST", "/interaction/<interaction_id>/door/others", self.others)

    def show(self, request: Request, interaction_id: str) -> Response:
        interaction = self.desk.open_due(request, interaction_id, Stop.DOOR)
        page = DoorPage(
            door=hinted_door(interaction) or "",
            doors=self.desk.doors(interaction),
            notice=notice_of(interaction, self.desk.account(interaction)),
            login_hint=suggested_rpps(interaction),
        )
        # A suggested RPPS is of one person: such a page is not kept for others.
        show = self.desk.show if page.login_hint else self.desk.show_common
        return show(request, interaction, "door.html", page)

    def others(self, request: Request, interaction_id: str) -> Response:
        """« Autre moyen »: the doors to choose from."""
        interaction = self.desk.open(request, interaction_id)
        self.desk.form(request, interaction)
        self.desk.record(past_hint(interaction))
        return self.desk.back(interaction)
