"""The code sent by mail (facts/security §0.2, OT1-OT4).

Contains making and checking a code, and sending the same one again (docs/adr/0033). Not here: what it is computed
from (`code_keys`), how many are sent (`mail_quota`), mails.
"""

import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from idp.accounts.code_keys import CodeHolder, CodeKeys
from idp.accounts.code_refusal import CodeRefusal, CodeRefused
from idp.accounts.mail_quota import MINUTE, MailQuota, NotSent, SendRefusal
from idp.accounts.sent_code import CodeState, CodeToSend
from idp.cards.typed_text import bare_number
from idp.core.ephemeral import EphemeralStore, Kind, Limited, StaleRecord, Versioned
from idp.settings.mail_code import MailCodeSettings

_DAY = timedelta(hours=24)
#: A code with less than this part of its life left is not sent again: it would end before it is typed.
_WORTH_SENDING = 1 / 5
#: So often the accepted code may come again, beyond the tries of one that was not.
_CLICKS = 4


def canonical_code(text: str, digits: int) -> str | None:
    """Returns the ASCII digits of a code that a person typed or pasted, or None for anything else."""
    bare = bare_number(text)
    return bare if re.fullmatch(rf"[0-9]{{{digits}}}", bare) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailCodes:
    """`durable` has the codes, their tries and their use: a `store` that comes back as it was before revives none."""

    store: EphemeralStore
    durable: EphemeralStore
    key: bytes = field(repr=False)
    limits: MailCodeSettings

    def to_send(self, holder: CodeHolder, now: datetime) -> CodeToSend:
        """Returns the code in force, with the end and the tries it has; a new one where none is worth sending.

        Nothing is written before `send`. Raises NotSent: then the code in force, if there is one, still holds.
        """
        place, day = self._keys.place(holder), self._quota.day(holder)
        failures, mails, stored, tries = self.durable.get_all(
            [
                (Kind.MAIL_CODE_FAILURES, self._keys.person(holder)),
                day.place,
                (Kind.MAIL_CODE, place),
                (Kind.MAIL_CODE_TRIES, place),
            ]
        )
        if _count(failures) >= self.limits.failures_per_day:
            raise NotSent(SendRefusal.CLOSED)
        if _count(mails) >= day.most:
            raise NotSent(SendRefusal.QUOTA_OF_DAY)
        if not self._is_worth_sending(stored, tries, now):
            stored = None
        end = now + self.limits.life
        kept = stored.value if stored else {"nonce": secrets.token_hex(16), "expires_at": end.isoformat()}
        record = {**kept, "resend_at": (now + self._pause).isoformat()}
        return CodeToSend(
            holder=holder,
            digits=self._digits(place, Versioned(record, 0)),
            expires_at=datetime.fromisoformat(record["expires_at"]),
            record=record,
            version=None if stored is None else stored.version,
        )

    def send(self, code: CodeToSend, network: Limited | None = None) -> None:
        """Keep the code and count its mail, with the present unit of work, which posts it. Raises NotSent, some by its
        end: something forbids it, or another request came first in this instant.

        `network`: counted with it.
        """
        place = self._keys.place(code.holder)
        self._quota.count(code.holder, network)
        if code.version is None:
            self.durable.clear([(Kind.MAIL_CODE_TRIES, place)])
            # Kept for a second life after its end: the page can then say « expired » rather than « unknown ».
            self.durable.put(Kind.MAIL_CODE, place, code.record, self.limits.life * 2)
            return
        try:
            self.durable.swap(Kind.MAIL_CODE, place, code.record, expected_version=code.version)
        except StaleRecord:
            # It was used, or asked for.
            raise NotSent(SendRefusal.TOO_SOON) from None

    def _is_worth_sending(self, stored: Versioned | None, tries: Versioned | None, now: datetime) -> bool:
        """Whether this is a code in force, with time and a try left to type it."""
        if stored is None or _is_spent(stored):
            return False
        return _end(stored) - now >= self.limits.life * _WORTH_SENDING and _count(tries) < self.limits.tries

    def check(self, holder: CodeHolder, text: str, now: datetime, *, within: str = "") -> None:
        """Accept the right code once. Raises CodeRefused.

        `within`: the interaction in which the person types it. Only there is the accepted code accepted again (a
        double click, a lost answer): it proves nothing that this interaction does not already know.
        """
        place, person = self._keys.place(holder), self._keys.person(holder)
        failures, stored = self.durable.get_all([(Kind.MAIL_CODE_FAILURES, person), (Kind.MAIL_CODE, place)])
        if _count(failures) >= self.limits.failures_per_day:
            raise CodeRefused(CodeRefusal.CLOSED)
        code = canonical_code(text, self.limits.digits)
        if code is None:
            raise CodeRefused(CodeRefusal.MALFORMED)
        if stored is None or now >= _end(stored):
            raise CodeRefused(CodeRefusal.EXPIRED)
        if _is_spent(stored):
            self._check_spent(holder, code, within)
            return
        # OT2: the try is counted before the comparison, atomically: parallel guesses cannot exceed the limit.
        tries = self.durable.count(Kind.MAIL_CODE_TRIES, place, self.limits.life * 2)
        if tries > self.limits.tries:
            raise CodeRefused(CodeRefusal.USED_UP)
        if not hmac.compare_digest(self._digits(place, stored), code):
            self.durable.count(Kind.MAIL_CODE_FAILURES, person, _DAY)
            raise CodeRefused(CodeRefusal.USED_UP if tries >= self.limits.tries else CodeRefusal.REFUSED)
        spent = {**stored.value, "spent_in": self._keys.occasion(within)}
        try:
            # OT3: a step of its own before anything is written that the code proves.
            self.durable.swap(Kind.MAIL_CODE, place, spent, expected_version=stored.version)
        except StaleRecord:
            self._check_spent(holder, code, within)

    def accepted(self, holder: CodeHolder) -> None:
        """Forget the failures of this person, with the present unit of work. Call when `check` accepted the code, also
        when it did so again: the first call may have failed."""
        self.durable.clear([(Kind.MAIL_CODE_FAILURES, self._keys.person(holder))])

    def _check_spent(self, holder: CodeHolder, code: str, within: str) -> None:
        """Accept the same code in the same interaction. Raises CodeRefused for anything else."""
        stored = self.durable.get(Kind.MAIL_CODE, self._keys.place(holder))
        if stored is None or not _is_spent(stored):
            raise CodeRefused(CodeRefusal.EXPIRED)  # In this instant.
        if not self.is_repeated(holder, code, within=within):
            # Said of the code, whatever was typed: it tells nobody whether that was the right one.
            raise CodeRefused(CodeRefusal.USED)

    def is_repeated(self, holder: CodeHolder, text: str, *, within: str) -> bool:
        """Whether this is the code that was accepted there: a second click. That is a guess too, so it is counted."""
        place, code = self._keys.place(holder), canonical_code(text, self.limits.digits)
        stored = self.durable.get(Kind.MAIL_CODE, place)
        if stored is None or not _is_spent(stored) or code is None or within == "":
            return False
        tries = self.durable.count(Kind.MAIL_CODE_TRIES, place, self.limits.life * 2)
        is_of_there = hmac.compare_digest(stored.value["spent_in"], self._keys.occasion(within))
        is_right = hmac.compare_digest(self._digits(place, stored), code)
        return tries <= self.limits.tries + _CLICKS and is_of_there and is_right

    def _in_force(self, holder: CodeHolder) -> Versioned | None:
        stored = self.durable.get(Kind.MAIL_CODE, self._keys.place(holder))
        return None if stored is None or _is_spent(stored) else stored

    def state(self, holder: CodeHolder) -> CodeState:
        place = self._keys.place(holder)
        stored, tries = self.durable.get_all([(Kind.MAIL_CODE, place), (Kind.MAIL_CODE_TRIES, place)])
        if stored is None or _is_spent(stored):
            return CodeState(expires_at=None, tries_left=0, sent_at=None, resend_at=None)
        resend_at = datetime.fromisoformat(stored.value["resend_at"])
        return CodeState(
            expires_at=_end(stored),
            tries_left=max(self.limits.tries - _count(tries), 0),
            sent_at=resend_at - self._pause,
            resend_at=resend_at,
        )

    def why_no_code(self, holder: CodeHolder, now: datetime) -> str:
        """Returns why a person has no code that works: the value of a CodeRefusal or SendRefusal."""
        if self._is_closed(holder):
            return CodeRefusal.CLOSED
        stored = self._in_force(holder)
        if stored is not None:
            return CodeRefusal.EXPIRED if now >= _end(stored) else CodeRefusal.USED_UP
        return self._quota.used_up(holder) or SendRefusal.NOTHING

    def is_used_up(self, holder: CodeHolder) -> bool:
        """Whether this person gets no code of this purpose for a while, whatever the address."""
        is_of_person = self._quota.used_up(holder) in (SendRefusal.QUOTA, SendRefusal.QUOTA_OF_DAY)
        return is_of_person or self._is_closed(holder)

    def reopen(self, rpps: str) -> None:
        """Open the door again that wrong codes closed, after a strong proof of an enrolled person.

        Not that of an enrolment: there the card is shown, and the mailbox is what the codes must prove.
        """
        self.durable.take(Kind.MAIL_CODE_FAILURES, self._keys.person_of(rpps, "login"))

    def topic(self, holder: CodeHolder) -> str:
        """Returns what the mails with one code share: a newer one replaces those before. Not that of another address,
        which another tab may show as sent."""
        return self._keys.place(holder)

    def not_sent(self, holder: CodeHolder) -> None:
        """Call when the mail did not leave: the next one need not wait its minute."""
        self._quota.not_sent(holder)

    def _is_closed(self, holder: CodeHolder) -> bool:
        wrong = self.durable.counted(Kind.MAIL_CODE_FAILURES, self._keys.person(holder))
        return wrong >= self.limits.failures_per_day

    @property
    def _pause(self) -> timedelta:
        """Returns how long a mail is waited for before the code is sent again."""
        return MINUTE / self.limits.per_minute

    @property
    def _quota(self) -> MailQuota:
        return MailQuota(store=self.store, durable=self.durable, keys=self._keys, limits=self.limits)

    @property
    def _keys(self) -> CodeKeys:
        return CodeKeys(self.key)

    def _digits(self, place: str, stored: Versioned) -> str:
        return self.limits.fixed or self._keys.digits(place, stored.value["nonce"], self.limits.digits)


def _end(stored: Versioned) -> datetime:
    return datetime.fromisoformat(stored.value["expires_at"])


def _count(counter: Versioned | None) -> int:
    return 0 if counter is None else counter.version


def _is_spent(stored: Versioned) -> bool:
    return "spent_in" in stored.value


def masked_email(email: str) -> str:
    """Returns `m•••@exemple.fr`: enough for the owner to recognise it."""
    local, _, domain = email.partition("@")
    return f"{local[:1]}•••@{domain}"
