"""The section « Historique »: what happened with this account, and « Ce n'était pas moi ».

Contains its pages. Not here: what the trail keeps (`core/audit`), the words of an event (`pages/history`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account, ClosedFor, PasswordClosure
from idp.accounts.history import REACH, AccountHistory, HistoryEntry
from idp.accounts.notices import Notice, Notices
from idp.accounts.passkeys import Passkeys
from idp.accounts.repository import AccountRepository, save_changed
from idp.clients.client_file import ClientFile
from idp.core.audit import Audit, AuditEvent
from idp.core.unit_of_work import UnitOfWork
from idp.flows.shared.account_desk import AccountDesk
from idp.flows.shared.entered import Entered
from idp.interaction.sign_out import SignOut
from idp.pages.history import DayView, EntryView, HistoryPage, ReportedPage, ReportPage, is_doubtful, words_of
from idp.web.kept_answers import KeptAnswers
from idp.web.leaving import Leaving
from idp.web.local_time import local_day, local_hour
from idp.web.locales import Locales
from idp.web.page_routes import PageRoute
from idp.web.sections import Section

_SECTION = Section.HISTORY
_REPORT = f"{_SECTION.path}/report"
_ON_A_PAGE = 50
#: More digits than any row has.
_LONGEST_NUMBER = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFlow:
    desk: AccountDesk
    work: UnitOfWork
    accounts: AccountRepository
    history: AccountHistory
    audit: Audit
    sign_out: SignOut
    clients: ClientFile
    locales: Locales
    leaving: Leaving
    answers: KeptAnswers
    notices: Notices
    passkeys: Passkeys
    help_desk: str

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", _SECTION.path, self.show)
        yield PageRoute("GET", f"{_REPORT}/<entry>", self.ask)
        yield PageRoute("POST", _REPORT, self.report)

    def show(self, request: Request) -> Response:
        entered = self.desk.enter(request, _SECTION)
        before, since = _number(request.args.get("before", "")), entered.at - REACH
        found = self.history.of(entered.account.id, since, _ON_A_PAGE + 1, before=before)
        entries, locale = found[:_ON_A_PAGE], self.locales.of(request)
        by_day = groupby(entries, key=lambda entry: local_day(entry.at, locale))
        page = HistoryPage(
            days=tuple(
                DayView(day, tuple(self._view(entry, locale) for entry in of_day)) for day, of_day in by_day
            ),
            older=f"{_SECTION.path}?before={entries[-1].id}" if len(found) > _ON_A_PAGE else None,
            is_older=before is not None,
        )
        return self.desk.page(request, entered, "account/history.html", page)

    def ask(self, request: Request, entry: str) -> Response:
        entered = self.desk.enter(request, _SECTION)
        found = self._entry(entered, entry)
        if found is None:
            return self.desk.done(_SECTION, "entry_gone")
        locale, passkeys = self.locales.of(request), self._passkeys(entered, found)
        page = ReportPage(
            entry=self._view(found, locale),
            day=local_day(found.at, locale),
            closes_password=_closes_password(entered, found, passkeys),
            removes_passkey=bool(passkeys),
            was_passkey_added=found.event is AuditEvent.PASSKEY_ADDED,
        )
        return self.desk.page(request, entered, "account/report.html", page)

    def report(self, request: Request) -> Response:
        entered = self.desk.enter(request, _SECTION)
        found = self._entry(entered, self.desk.form(request, entered).get("entry", ""))
        if found is None:
            return self.desk.done(_SECTION, "entry_gone")
        passkeys = self._passkeys(entered, found)
        page = ReportedPage(
            closes_password=_closes_password(entered, found, passkeys),
            removes_passkey=bool(passkeys),
            help_desk=self.help_desk,
        )
        response = self.answers.leave(page)
        self._protect(entered, found, passkeys)
        self.leaving.sign_out(request, response, entered.account.id)
        return response

    def _passkeys(self, entered: Entered, entry: HistoryEntry) -> frozenset[str]:
        """Returns those that opened this, or were added by it, and are there: whoever has them would come again."""
        used, account_id = self.history.passkeys_of(entered.account.id, entry), entered.account.id
        return used & {one.id for one in self.passkeys.of(account_id)} if used else used

    def _protect(self, entered: Entered, entry: HistoryEntry, passkeys: frozenset[str]) -> None:
        """End every session; close the password door and remove the passkey if it had opened this. Raises
        StoreUnavailable."""
        account, closes = entered.account, _closes_password(entered, entry, passkeys)
        closure = PasswordClosure(at=entered.at, motive=ClosedFor.REPORTED)
        post = self.notices.written(account, Notice.REPORTED)

        def protected(known: Account) -> Account:
            closed = replace(known, password_closure=known.password_closure or closure) if closes else known
            return closed.next_generation()

        def also() -> None:
            self.audit.record(
                AuditEvent.ACCOUNT_REPORTED,
                account_id=account.id,
                client_id=entry.client_id,
                reported=str(entry.event),
                entry=entry.id,
            )
            if closes:
                motive = str(closure.motive)
                self.audit.record(AuditEvent.PASSWORD_CLOSED, account_id=account.id, motive=motive)
            for passkey in sorted(passkeys):
                if self.passkeys.remove(account.id, passkey):
                    self.audit.record(AuditEvent.PASSKEY_REMOVED, account_id=account.id, passkey=passkey)
            post()
            self.sign_out.end_all(account.id, entered.at, by="report")

        save_changed(self.work, self.accounts, account.id, protected, also)

    def _entry(self, entered: Entered, text: str) -> HistoryEntry | None:
        """Returns the entry of this person that may be reported, else None."""
        number = _number(text)
        found = None if number is None else self.history.find(entered.account.id, number)
        return found if found is not None and is_doubtful(found) else None

    def _view(self, entry: HistoryEntry, locale: str) -> EntryView:
        client = self.clients.get(entry.client_id or "")
        return EntryView(
            id=entry.id,
            hour=local_hour(entry.at, locale),
            words=words_of(entry),
            application=client.name if client else "",
            is_doubtful=is_doubtful(entry),
        )


def _closes_password(entered: Entered, entry: HistoryEntry, passkeys: frozenset[str]) -> bool:
    """Also where it takes passkeys away on the word of somebody who did not prove who they are: they would come back by
    what is weaker."""
    is_unproved = bool(passkeys) and not entered.is_proved
    return (entry.is_by_password or is_unproved) and entered.account.has_password


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER else None
