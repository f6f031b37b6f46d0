"""Contains the sign-in page with its doors, and « Annuler » of every page of an interaction. Not here: a door."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account
from idp.cards.rpps import InvalidRpps, parse_rpps
from idp.core.errors import OAuthError
from idp.flows.shared.desk import Desk
from idp.interaction.assurance import RANK, assurance_of
from idp.interaction.record import Interaction, own_events
from idp.interaction.stop import Stop
from idp.pages.sign_in import ChoicePage
from idp.web.page_routes import PageRoute

_SHARED = "choice.mailbox_shared"


def _notice(interaction: Interaction, account: Account | None) -> str | None:
    """Returns the key of the text that says why the person sees the doors again; None at the first time."""
    if account is not None and account.is_mailbox_shared and _proved_password(interaction):
        # It became so in this very sign-in, or the operator has closed passkeys.
        return _SHARED
    if interaction.restarted:
        return "choice.restarted"
    if interaction.sid is None:
        return None
    if interaction.fresh_after is not None:
        return "choice.fresh"
    held = assurance_of(interaction.events)
    is_strong = held is not None and RANK[held.acr] >= RANK[interaction.needed]
    return "choice.other_door" if is_strong else "choice.step_up"


def _proved_password(interaction: Interaction) -> bool:
    return any(event.authenticator == "password" for event in own_events(interaction))


def _login_hint(interaction: Interaction) -> str:
    """Returns `login_hint` (Core §3.1.2.1) if it is an RPPS, else "": no other text of a client is put on our page."""
    try:
        return parse_rpps(interaction.request.get("login_hint", ""))
    except InvalidRpps:
        return ""


@dataclass(frozen=True, slots=True)
class ChoiceFlow:
    desk: Desk
    #: A person without an account may begin by Pro Santé Connect too.
    enrolment_from_psc: bool

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", "/interaction/<interaction_id>/choice", self.show)
        yield PageRoute("POST", "/interaction/<interaction_id>/cancel", self.cancel)

    def show(self, request: Request, interaction_id: str) -> Response:
        interaction = self.desk.open_due(request, interaction_id, Stop.CHOICE)
        doors = self.desk.doors(interaction)
        notice = _notice(interaction, self.desk.account(interaction))
        page = ChoicePage(
            doors=doors,
            notice=notice,
            login_hint=_login_hint(interaction),
            enrolment_from_psc=self.enrolment_from_psc,
        )
        # A suggested RPPS is of one person, as what was proved: such a page is not kept for others.
        is_of_person = page.login_hint or notice == _SHARED
        show = self.desk.show if is_of_person else self.desk.show_common
        return show(request, interaction, "choice.html", page)

    def cancel(self, request: Request, interaction_id: str) -> Response:
        """The person leaves: the relying party gets `access_denied` (RFC 6749 §4.1.2.1)."""
        interaction = self.desk.open(request, interaction_id)
        self.desk.form(request, interaction)
        self.desk.record(dataclasses.replace(interaction, refusal=str(OAuthError.ACCESS_DENIED)))
        return self.desk.back(interaction)
