"""« Dans quel cadre exercez-vous ? »

Contains the choice of one professional context, for a relying party that asks and remembered for it. Not here: whether
it is due (`interaction/professional_context`).
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account
from idp.accounts.practice import ChosenPractice, Practice, ProfessionalContexts
from idp.core.audit import AuditEvent
from idp.core.clock import Clock
from idp.core.unit_of_work import UnitOfWork
from idp.flows.shared.desk import Desk
from idp.flows.shared.replies import reply_by_get, take_reply
from idp.interaction.professional_context import ContextAction
from idp.interaction.record import Interaction
from idp.interaction.refusal import NotDue
from idp.interaction.reply import Reply
from idp.interaction.stop import Stop
from idp.pages.identity import place_of
from idp.pages.professional_context import ContextChoice, ProfessionalContextPage
from idp.web.page_routes import PageRoute

_PAGE = "professional_context"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfessionalContextFlow:
    desk: Desk
    work: UnitOfWork
    action: ContextAction
    contexts: ProfessionalContexts
    clock: Clock

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", "/interaction/<interaction_id>/professional_context", self.show)
        yield PageRoute("POST", "/interaction/<interaction_id>/professional_context", self.receive)

    def show(self, request: Request, interaction_id: str) -> Response:
        interaction, account = self._due(request, interaction_id)
        reply = take_reply(self.desk, request, interaction, _PAGE)
        return self._page(request, interaction, account, reply)

    def receive(self, request: Request, interaction_id: str) -> Response:
        interaction, account = self._due(request, interaction_id)
        key = self.desk.form(request, interaction).get("practice", "")
        if key not in {one.key for one in self.action.offered(account, interaction)}:
            reply = Reply(at=_PAGE, message="professional_context.choose", status=422)
            return reply_by_get(self.desk, interaction, reply)
        chosen = ChosenPractice(key, self.clock.now())
        with self.work.together():
            self.contexts.choose(account.id, interaction.client_id, chosen)
            self.desk.audit_event(AuditEvent.CONTEXT_CHOSEN, interaction)
        # After the commit: until then the page is due.
        self.desk.record(dataclasses.replace(interaction, has_chosen_context=True))
        return self.desk.back(interaction)

    def _due(self, request: Request, interaction_id: str) -> tuple[Interaction, Account]:
        interaction = self.desk.open_due(request, interaction_id, Stop.PROFESSIONAL_CONTEXT)
        account = self.desk.account(interaction)
        if account is None:
            raise NotDue(interaction_id)
        return interaction, account

    def _page(self, request: Request, interaction: Interaction, account: Account, reply: Reply) -> Response:
        known = self.contexts.chosen(account.id, interaction.client_id)
        choices = tuple(
            _choice(one, is_chosen=known is not None and known.key == one.key)
            for one in self.action.offered(account, interaction)
        )
        page = ProfessionalContextPage(choices, reply.message)
        return self.desk.show(request, interaction, "professional_context.html", page, reply.status)


def _choice(practice: Practice, *, is_chosen: bool) -> ContextChoice:
    return ContextChoice(
        key=practice.key,
        profession=practice.profession.label if practice.profession else "",
        speciality=practice.speciality.label if practice.speciality else "",
        mode=practice.mode if practice.mode in ("L", "S", "B") else "",
        structure=practice.structure_name,
        place=place_of(practice),
        is_chosen=is_chosen,
    )
