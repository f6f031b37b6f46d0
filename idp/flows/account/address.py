"""Contains the postal address, changed by the person signed in: it opens nothing, so the session is enough.

Not here: what a good address is (`accounts/enrolment`).
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account, PostalAddress
from idp.accounts.enrolment import address_faults, address_values, typed_address, typed_values
from idp.accounts.repository import AccountRepository, save_changed
from idp.core.audit import Audit, AuditEvent
from idp.core.unit_of_work import UnitOfWork
from idp.flows.shared.account_desk import AccountDesk
from idp.interaction.reply import Reply
from idp.pages.account import AddressPage
from idp.pages.enrolment import in_order
from idp.web.page_routes import PageRoute
from idp.web.sections import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressFlow:
    desk: AccountDesk
    work: UnitOfWork
    accounts: AccountRepository
    audit: Audit

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", Section.ADDRESS.path, self.show)
        yield PageRoute("POST", Section.ADDRESS.path, self.receive)

    def show(self, request: Request) -> Response:
        entered = self.desk.enter(request, Section.ADDRESS)
        reply = self.desk.taken(request, entered)
        page = AddressPage(
            values={**address_values(entered.account.address), **entered.typed, **reply.typed},
            errors=in_order(reply.faults),
        )
        return self.desk.page(request, entered, "account/address.html", page, reply.status)

    def receive(self, request: Request) -> Response:
        entered = self.desk.enter(request, Section.ADDRESS)
        values = typed_values(self.desk.form(request, entered))
        faults = address_faults(values)
        if faults:
            reply = Reply(at=Section.ADDRESS, status=422, faults=faults, typed=values)
            return self.desk.reply(entered, reply)
        address, account = typed_address(values), entered.account
        if address != account.address:
            tell = partial(self.audit.record, AuditEvent.ADDRESS_CHANGED, account_id=account.id)
            save_changed(self.work, self.accounts, account.id, partial(_with_address, address), tell)
        self.desk.came_in(request, entered)
        return self.desk.done(Section.HOME, "address_changed")


def _with_address(address: PostalAddress, account: Account) -> Account:
    return dataclasses.replace(account, address=address)
