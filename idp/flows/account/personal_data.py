"""What is kept of the person: a section of « Mon compte ».

Contains the page that shows all of it, and its copy as a file. Not here: which rows are a person's
(`adapters/sql/personal_data`), « Fermer mon compte » (`flows/account/close`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.accounts.personal_data import Holding, PersonalData, copy_of
from idp.core.audit import Audit, AuditEvent
from idp.flows.shared.account_desk import AccountDesk
from idp.flows.shared.entered import Entered
from idp.flows.shared.kept_data import kept_view
from idp.flows.shared.replies import with_wait
from idp.interaction.personal_copy import all_kept
from idp.interaction.reply import Reply
from idp.interaction.sessions import Sessions
from idp.pages.personal_data import DataPage
from idp.web.locales import Locales
from idp.web.page_routes import PageRoute
from idp.web.sections import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalDataFlow:
    desk: AccountDesk
    data: PersonalData
    sessions: Sessions
    audit: Audit
    locales: Locales

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", Section.DATA.path, self.show)
        yield PageRoute("POST", f"{Section.DATA.path}/copy", self.hand_over)

    def show(self, request: Request) -> Response:
        entered = self.desk.enter(request, Section.DATA)
        return self._page(request, entered, self.desk.taken(request, entered))

    def hand_over(self, request: Request) -> Response:
        """Returns the copy as a file."""
        entered = self.desk.enter(request, Section.DATA)
        self.desk.form(request, entered)
        self.desk.require_proof(entered)
        kept = self._kept(entered)
        self.audit.record(AuditEvent.DATA_EXPORTED, account_id=entered.account.id)
        text = json.dumps(copy_of(kept, entered.at), ensure_ascii=False, indent=2)
        response = Response(f"{text}\n", mimetype="application/json")
        name = f"caducee-{entered.at:%Y-%m-%d}.json"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    def _kept(self, entered: Entered) -> tuple[Holding, ...]:
        return all_kept(self.data, self.sessions, entered.account.id, here=entered.sid)

    def _page(self, request: Request, entered: Entered, reply: Reply) -> Response:
        locale = self.locales.of(request)
        kept = self._kept(entered) if entered.is_proved else ()
        page = DataPage(
            minutes=self.desk.minutes,
            is_proved=entered.is_proved,
            kept=kept_view((one for one in kept if one.rows), locale),
            empty=tuple(one.table for one in kept if not one.rows),
            error=reply.message,
        )
        return with_wait(self.desk.page(request, entered, "account/data.html", page, reply.status), reply)
