"""The passkeys of the person signed in: listed with their dates, added, renamed, removed, after a fresh proof.

Not here: signing in with one (`flows/passkey`), the verdict on a new one (`adapters/passkey_ceremonies`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.accounts.notices import Notice, Notices
from idp.accounts.passkeys import (
    LONGEST_NAME,
    Ceremonies,
    NewPasskey,
    Passkey,
    PasskeyRefused,
    Passkeys,
    PasskeyTaken,
    TooManyPasskeys,
    kept,
)
from idp.cards.typed_text import one_line
from idp.core.audit import Audit, AuditEvent
from idp.core.unit_of_work import UnitOfWork
from idp.flows.shared.account_desk import AccountDesk
from idp.flows.shared.entered import Entered
from idp.flows.shared.passkey_challenges import PasskeyChallenges
from idp.interaction.reply import Reply
from idp.interaction.store import random_token
from idp.pages.passkeys import PasskeysPage, PasskeyView
from idp.web.local_time import local_day
from idp.web.locales import Locales
from idp.web.page_routes import PageRoute
from idp.web.sections import Section
from idp.web.shared_stations import SharedStations

_PATH = Section.PASSKEYS.path
_FAULTS = {PasskeyTaken: "passkeys.known", TooManyPasskeys: "passkeys.too_many"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeysFlow:
    desk: AccountDesk
    work: UnitOfWork
    passkeys: Passkeys
    ceremonies: Ceremonies
    challenges: PasskeyChallenges
    notices: Notices
    audit: Audit
    locales: Locales
    stations: SharedStations
    #: Of one person.
    most: int

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", _PATH, self.show)
        yield PageRoute("POST", f"{_PATH}/add", self.add)
        yield PageRoute("POST", f"{_PATH}/rename", self.rename)
        yield PageRoute("POST", f"{_PATH}/remove", self.remove)

    def show(self, request: Request) -> Response:
        entered = self.desk.enter(request, Section.PASSKEYS)
        return self._page(request, entered, self.desk.taken(request, entered))

    def add(self, request: Request) -> Response:
        entered, form = self._proved(request)
        # facts/security PK1: used up before anything is verified, as a step of its own.
        challenge = self.challenges.take(_holder(entered))
        if challenge is None:
            return self.desk.refuse(entered, "passkeys.stale", 409)
        try:
            new = self.ceremonies.made(form.get("credential", ""), challenge)
            self._write_added(entered, new, _name(form))
        except PasskeyRefused as refused:
            account_id, reason = entered.account.id, str(refused.reason)
            self.audit.record(AuditEvent.PASSKEY_NOT_ADDED, account_id=account_id, reason=reason)
            return self.desk.refuse(entered, "passkeys.refused", 422)
        except (PasskeyTaken, TooManyPasskeys) as fault:
            return self.desk.refuse(entered, _FAULTS[type(fault)], 409)
        return self.desk.done(Section.PASSKEYS, "passkey_added")

    def _write_added(self, entered: Entered, new: NewPasskey, name: str) -> None:
        """Raises PasskeyTaken, TooManyPasskeys."""
        account = entered.account
        passkey = kept(new, passkey_id=random_token(), account_id=account.id, name=name, now=entered.at)
        post = self.notices.written(account, Notice.PASSKEY_ADDED)
        with self.work.as_one_step():
            self.passkeys.add(passkey, most=self.most)
            self.audit.record(
                AuditEvent.PASSKEY_ADDED,
                account_id=account.id,
                passkey=passkey.id,
                aaguid=passkey.aaguid,
                is_synced=passkey.is_synced,
            )
            post()

    def rename(self, request: Request) -> Response:
        entered, form = self._proved(request)
        account_id, passkey_id = entered.account.id, form.get("passkey", "")
        with self.work.as_one_step():
            if self.passkeys.rename(account_id, passkey_id, _name(form)):
                self.audit.record(AuditEvent.PASSKEY_RENAMED, account_id=account_id, passkey=passkey_id)
        return self.desk.done(Section.PASSKEYS, "passkey_renamed")

    def remove(self, request: Request) -> Response:
        """Remove it; one that is gone already is removed all the same, and nothing is told of it a second time."""
        entered, form = self._proved(request)
        account_id, passkey_id = entered.account.id, form.get("passkey", "")
        post = self.notices.written(entered.account, Notice.PASSKEY_REMOVED)
        with self.work.as_one_step():
            if self.passkeys.remove(account_id, passkey_id):
                self.audit.record(AuditEvent.PASSKEY_REMOVED, account_id=account_id, passkey=passkey_id)
                post()
        return self.desk.done(Section.PASSKEYS, "passkey_removed")

    def _proved(self, request: Request) -> tuple[Entered, dict[str, str]]:
        """Returns the person freshly proved, and their form. Raises Detour, PageError."""
        entered = self.desk.enter(request, Section.PASSKEYS)
        form = self.desk.form(request, entered)
        self.desk.require_proof(entered, form)
        self.desk.came_in(request, entered)
        return entered, form

    def _page(self, request: Request, entered: Entered, reply: Reply) -> Response:
        known = self.passkeys.of(entered.account.id)
        page = PasskeysPage(
            passkeys=tuple(_view(one, self.locales.of(request)) for one in known),
            is_proved=entered.is_proved,
            minutes=self.desk.minutes,
            options=self._options(request, entered, known),
            error=reply.message,
            typed_for=entered.typed.get("passkey", ""),
            typed=entered.typed.get("name", ""),
        )
        return self.desk.page(request, entered, "account/passkeys.html", page, reply.status)

    def _options(self, request: Request, entered: Entered, known: tuple[Passkey, ...]) -> str:
        """Returns what a browser is called with to add one; "" when none may be."""
        if not entered.is_proved or len(known) >= self.most:
            return ""
        challenge = self.challenges.begin(_holder(entered))
        # The next person at a shared station would have the device itself, and perhaps its code.
        elsewhere = self.stations.holds(request)
        return self.ceremonies.creation(entered.account, known, challenge, elsewhere=elsewhere)


def _holder(entered: Entered) -> str:
    return f"add {entered.sid}"


def _name(form: dict[str, str]) -> str:
    return one_line(form.get("name", ""))[:LONGEST_NAME].strip()


def _view(passkey: Passkey, locale: str) -> PasskeyView:
    used = passkey.last_used_at
    return PasskeyView(
        id=passkey.id,
        name=passkey.name,
        is_synced=passkey.is_synced,
        created_on=local_day(passkey.created_at, locale),
        last_used_on=None if used is None else local_day(used, locale),
    )
