"""The e-mail address: shown, and changed by a person whom the card or Pro Santé Connect identified a moment ago.

Contains the section. Not here: its forms (`shared/address_form`), what a change writes (`shared/email_changing`), its
undoing (`email_undo`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from werkzeug.wrappers import Request, Response

from idp.accounts.email_otp import masked_email
from idp.flows.shared.account_desk import AccountDesk
from idp.flows.shared.address_answer import At
from idp.flows.shared.address_form import AddressForm
from idp.flows.shared.entered import Entered
from idp.flows.shared.replies import with_wait
from idp.pages.email import EmailPage
from idp.web.local_time import local_day
from idp.web.locales import Locales
from idp.web.page_routes import PageRoute
from idp.web.sections import Detour, Section

_PATH = Section.EMAIL.path
_TEMPLATE = "account/email.html"
#: Begins a change. The others go on with one that was begun after a proof, in this session.
_ASK = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailFlow:
    desk: AccountDesk
    form: AddressForm
    locales: Locales

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", _PATH, self.show)
        for action in self.form.actions:
            yield PageRoute("POST", f"{_PATH}{action}", partial(self.receive, action))

    def show(self, request: Request) -> Response:
        entered = self.desk.enter(request, Section.EMAIL)
        at, account, reply = self._at(request, entered), entered.account, self.desk.taken(request, entered)
        page = EmailPage(
            address=account.email if entered.is_proved else masked_email(account.email),
            proved_on=local_day(account.email_verified_at, at.locale),
            is_proved=entered.is_proved,
            minutes=self.desk.minutes,
            is_shared=account.is_mailbox_shared,
            typed=entered.typed.get("email", self.form.offered(at)),
            entry=self.form.told(at, reply),
        )
        return with_wait(self.desk.page(request, entered, _TEMPLATE, page, reply.status), reply)

    def receive(self, action: str, request: Request) -> Response:
        entered = self.desk.enter(request, Section.EMAIL)
        form = self.desk.form(request, entered)
        if action == _ASK:
            self.desk.require_proof(entered, form)
        answer = self.form.actions[action](self._at(request, entered), form)
        if answer.proved is not None:
            is_new = answer.proved != entered.account.email
            return self.desk.done(Section.EMAIL, "email_changed" if is_new else "email_proved")
        if answer.entry is None:
            self.desk.came_in(request, entered)
            raise Detour(_PATH)
        return self.desk.reply(entered, answer.said_at(Section.EMAIL))

    def _at(self, request: Request, entered: Entered) -> At:
        return At(
            request=request,
            place=entered.sid,
            account=entered.account,
            locale=self.locales.of(request),
        )
