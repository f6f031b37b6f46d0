"""What was typed in the form of a first connection, kept while the person asks for more time or comes too late.

Contains both; never the password. Not here: the form (`flows/enrolment`), what becomes of it when the person begins
again (`interaction/resuming`).
"""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.accounts.enrolment import proof_mark, typed_values
from idp.flows.shared.deadlines import Deadlines
from idp.flows.shared.desk import Desk
from idp.interaction.record import Interaction
from idp.interaction.refusal import InteractionRefusal, InteractionRefused, NotDue
from idp.interaction.stop import Stop
from idp.interaction.store import Interactions
from idp.web.forms import FormOvertaken
from idp.web.hub import Visits


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedForm:
    desk: Desk
    deadlines: Deadlines
    interactions: Interactions
    visits: Visits

    def prolong(self, request: Request, interaction_id: str) -> Response:
        """« Prolonger », which stands in the form. Raises InteractionRefused, NotDue."""
        interaction = self.desk.open_due(request, interaction_id, Stop.ENROLMENT)
        form = self.desk.form(request, interaction)
        typed = _with_typed(interaction, form)
        if typed is not None:
            self.deadlines.prolong(typed)
        return self.desk.back(interaction)

    @contextmanager
    def kept_if_late(self, request: Request, interaction_id: str) -> Iterator[None]:
        """When the sign-in has expired, keep what was typed for the same person who begins again."""
        try:
            yield
        except InteractionRefused as refused:
            if refused.reason is InteractionRefusal.EXPIRED:
                binding = self.visits.of(request).binding(interaction_id)
                self._keep(request, self.interactions.find(interaction_id, binding))
            raise

    def _keep(self, request: Request, expired: Interaction) -> None:
        # Another tab of it went on.
        with suppress(FormOvertaken, NotDue):
            typed = _with_typed(expired, self.desk.posted(request, expired))
            if typed is not None:
                self.desk.record(typed)


def _with_typed(interaction: Interaction, form: dict[str, str]) -> Interaction | None:
    """Returns it with what was typed; None: the form was shown for another proof (facts/security CP7)."""
    if interaction.identity is None or form.get("proof") != proof_mark(interaction.identity):
        return None
    return dataclasses.replace(interaction, enrolment_draft=typed_values(form))
