"""The two forms of an address, wherever they stand: the address itself, and the code that was sent to it.

Contains what each answers. Not here: what a change is and writes (`email_changing`), the page around them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from idp.accounts.code_keys import CodeHolder
from idp.accounts.code_refusal import CodeRefusal, CodeRefused
from idp.accounts.email_change import EmailChange, EmailChanges, ProvedAgain, address_holder
from idp.accounts.email_otp import MailCodes
from idp.accounts.enrolment import email_fault, typed_values, verified_email
from idp.accounts.mail_quota import SendRefusal
from idp.accounts.repository import EmailTaken, StaleAccount
from idp.core.clock import Clock
from idp.flows.shared.address_answer import Answer, At
from idp.flows.shared.code_entry import code_entry, told_of
from idp.flows.shared.email_changing import EmailChanging
from idp.interaction.reply import Reply
from idp.pages.email import AddressEntry
from idp.web.network_quota import NetworkQuota

_CODE_STATUS = {CodeRefusal.CLOSED: 403}


_ANEW = Answer()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressForm:
    changing: EmailChanging
    changes: EmailChanges
    codes: MailCodes
    quota: NetworkQuota
    rule: ProvedAgain
    clock: Clock

    @property
    def actions(self) -> "Mapping[str, Callable[[At, Mapping[str, str]], Answer]]":
        """Returns what a form does, by the end of its address: "" is the page's own."""
        return {"": self.ask, "/code": self.enter_code, "/resend": self.resend, "/back": self.correct}

    def entry(self, at: At, notice: str | None = None) -> AddressEntry:
        """Returns the form that is due there: of the code that is waited for, else of the address.

        `notice`: as `code_entry` takes it.
        """
        change = self._under_way(at)
        if change is None:
            return AddressEntry(typed=self.offered(at) or at.account.email)
        holder = _holder(at, change.email)
        code = code_entry(
            self.codes,
            holder,
            self.clock.now(),
            at.locale,
            notice=notice,
            why_none=lambda: self._why_no_code(at, holder),
        )
        return AddressEntry(typed=change.email, waiting=change.email, code=code)

    def told(self, at: At, reply: Reply) -> AddressEntry:
        """Returns the form that says it: of the address, if that is what is wrong, else as `entry` does."""
        if "email" in reply.faults:
            return AddressEntry(typed=reply.typed["email"], error=reply.faults["email"])
        return self.entry(at, reply.message)

    def offered(self, at: At) -> str:
        """Returns the address that the operator noted for this person, "" for none."""
        return self.rule.offered(at.account, self.clock.now())

    def is_out_of_codes(self, at: At) -> bool:
        """Whether this person gets none for a while."""
        return self.codes.is_used_up(_holder(at, at.account.email)) or self._is_network_full(at)

    def ask(self, at: At, form: Mapping[str, str]) -> Answer:
        """Send a code to the address that was typed. Nothing of the account changes."""
        typed = typed_values(form)["email"]
        fault = email_fault(typed)
        if fault is not None:
            return Answer(entry=AddressEntry(typed=typed, error=fault), status=422)
        sent = self.changing.ask(at.request, at.place, at.account, typed, at.locale)
        if sent == SendRefusal.TOO_SOON and self._is_asked(at, typed):
            return _ANEW  # A second click: the mail of the first is on its way.
        if isinstance(sent, SendRefusal):
            return Answer(entry=AddressEntry(typed=typed, error=f"email_otp.{sent}"), status=429)
        return _ANEW

    def enter_code(self, at: At, form: Mapping[str, str]) -> Answer:
        change = self._under_way(at)
        if change is None:  # It was done, or is over.
            return _ANEW
        try:
            self.changing.accept(at.place, at.account, change, form.get("code", ""))
        except CodeRefused as refused:
            return self._of_code(at, refused.reason, _CODE_STATUS.get(refused.reason, 422))
        except EmailTaken:
            error = AddressEntry(typed=change.email, error="enrolment.email_taken")
            return Answer(entry=error, status=409)
        except StaleAccount:
            # By a faster click of this form, or by another change of the account.
            is_done = self._under_way(at) is None
            return _ANEW if is_done else self._of_code(at, "busy", 503)
        return Answer(proved=change.email)

    def resend(self, at: At, form: Mapping[str, str]) -> Answer:
        change = self._under_way(at)
        if change is None:
            return _ANEW
        sent = self.changing.ask(at.request, at.place, at.account, change.email, at.locale)
        return self._of_code(at, *told_of(sent))

    def correct(self, at: At, form: Mapping[str, str]) -> Answer:
        change = self._under_way(at)
        if change is not None:
            self.changing.take_back(at.place, at.account, change)
        return _ANEW

    def _of_code(self, at: At, notice: str, status: int) -> Answer:
        return Answer(entry=self.entry(at, notice), notice=notice, status=status)

    def _is_asked(self, at: At, typed: str) -> bool:
        change = self._under_way(at)
        return change is not None and change.email == verified_email(typed)

    def _under_way(self, at: At) -> EmailChange | None:
        return self.changes.under_way(at.place, at.account)

    def _why_no_code(self, at: At, holder: CodeHolder) -> str:
        reason = self.codes.why_no_code(holder, self.clock.now())
        is_of_network = reason == SendRefusal.NOTHING and self._is_network_full(at)
        return SendRefusal.NETWORK if is_of_network else reason

    def _is_network_full(self, at: At) -> bool:
        return self.quota.is_used_up(at.request, at.place)


def _holder(at: At, email: str) -> CodeHolder:
    return address_holder(at.place, at.account, email)
