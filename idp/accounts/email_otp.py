"""The code sent by mail (facts/security §0.2, OT1-OT4).

Contains making, limiting and checking a code: bound to one browser, RPPS and purpose, kept only as a keyed hash.
"""

import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from idp.core.ephemeral import EphemeralStore, Kind, StaleRecord, Versioned
from idp.settings.mail_code import MailCodeSettings

Purpose = Literal["login", "enrolment"]
_DAY = timedelta(hours=24)


class CodeRefusal(StrEnum):
    """Why a code was not accepted; the catalogue has `email_otp.<value>`."""

    MALFORMED = "malformed"
    REFUSED = "refused"
    EXPIRED = "expired"
    USED_UP = "used_up"
    CLOSED = "closed"


class SendRefusal(StrEnum):
    """Why no mail was sent; the catalogue has `email_otp.<value>`."""

    TOO_SOON = "too_soon"
    QUOTA = "quota"
    #: Nothing of the person's own was used up.
    NETWORK = "network"
    CLOSED = "closed"
    #: Nothing forbids to ask for one.
    NOTHING = "nothing"


class CodeRefused(Exception):
    def __init__(self, reason: CodeRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


class NotSent(Exception):
    def __init__(self, reason: SendRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeHolder:
    """The person a code is for. `browser`: fingerprint of its cookie."""

    rpps: str
    browser: str
    purpose: Purpose
    email: str


@dataclass(frozen=True, slots=True)
class CodeState:
    """What the page may show of the code in force."""

    expires_at: datetime | None
    tries_left: int
    resend_at: datetime | None


def random_code(digits: int) -> str:
    return f"{secrets.randbelow(10**digits):0{digits}d}"


def canonical_code(text: str, digits: int) -> str | None:
    """Returns the ASCII digits without spaces and dashes, or None for anything else."""
    bare = re.sub(r"[\s\u00a0\u202f-]", "", text)
    return bare if re.fullmatch(rf"[0-9]{{{digits}}}", bare) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailCodes:
    store: EphemeralStore
    durable: EphemeralStore
    key: bytes = field(repr=False)
    limits: MailCodeSettings

    def make(self, holder: CodeHolder, now: datetime) -> str:
        """Returns a new code, which replaces the one in force. Raises NotSent: then the old code still holds."""
        self._claim_quota(holder)
        code = self.limits.fixed or random_code(self.limits.digits)
        record = {
            "mac": self._mac(holder, code),
            "expires_at": (now + self.limits.life).isoformat(),
            "resend_at": (now + timedelta(seconds=60) / self.limits.per_minute).isoformat(),
        }
        place = self._place(holder)
        self.store.take(Kind.MAIL_CODE_TRIES, place)
        # Kept for a second life after its end: the page can then say « expired » rather than « unknown ».
        self.store.put(Kind.MAIL_CODE, place, record, self.limits.life * 2)
        return code

    def check(self, holder: CodeHolder, text: str, now: datetime, *, within: str = "") -> None:
        """Accept the right code once. Raises CodeRefused.

        `within`: the interaction in which the person types it. Only there is the accepted code accepted again (a
        double click, a lost answer): it proves nothing that this interaction does not already know.
        """
        place, person = self._place(holder), self._person(holder)
        if self.durable.counted(Kind.MAIL_CODE_FAILURES, person) >= self.limits.failures_per_day:
            raise CodeRefused(CodeRefusal.CLOSED)
        code = canonical_code(text, self.limits.digits)
        if code is None:
            raise CodeRefused(CodeRefusal.MALFORMED)
        stored = self.store.get(Kind.MAIL_CODE, place)
        if stored is None or now >= datetime.fromisoformat(stored.value["expires_at"]):
            raise CodeRefused(CodeRefusal.EXPIRED)
        if _is_spent(stored):
            self._check_spent(holder, code, within)
            return
        # OT2: the try is counted before the comparison, atomically: parallel guesses cannot exceed the limit.
        if self.store.count(Kind.MAIL_CODE_TRIES, place, self.limits.life * 2) > self.limits.tries:
            raise CodeRefused(CodeRefusal.USED_UP)
        if not hmac.compare_digest(stored.value["mac"], self._mac(holder, code)):
            self._fail(place, person)
        spent = {**stored.value, "spent_in": self._within(within)}
        try:
            self.store.swap(Kind.MAIL_CODE, place, spent, expected_version=stored.version)
        except StaleRecord:
            self._check_spent(holder, code, within)
            return
        self.store.take(Kind.MAIL_CODE_TRIES, place)
        self.durable.take(Kind.MAIL_CODE_FAILURES, person)

    def _check_spent(self, holder: CodeHolder, code: str, within: str) -> None:
        """Accept the same code in the same interaction. Raises CodeRefused for anything else."""
        stored = self.store.get(Kind.MAIL_CODE, self._place(holder))
        is_repeated = (
            stored is not None
            and _is_spent(stored)
            and within != ""
            and hmac.compare_digest(stored.value["spent_in"], self._within(within))
            and hmac.compare_digest(stored.value["mac"], self._mac(holder, code))
        )
        if not is_repeated:
            raise CodeRefused(CodeRefusal.EXPIRED)

    def _in_force(self, holder: CodeHolder) -> Versioned | None:
        stored = self.store.get(Kind.MAIL_CODE, self._place(holder))
        return None if stored is None or _is_spent(stored) else stored

    def state(self, holder: CodeHolder) -> CodeState:
        stored = self._in_force(holder)
        used = self.store.counted(Kind.MAIL_CODE_TRIES, self._place(holder))
        if stored is None:
            return CodeState(None, 0, None)
        return CodeState(
            expires_at=datetime.fromisoformat(stored.value["expires_at"]),
            tries_left=max(self.limits.tries - used, 0),
            resend_at=datetime.fromisoformat(stored.value["resend_at"]),
        )

    def why_no_code(self, holder: CodeHolder, now: datetime) -> str:
        """Returns why a person has no code that works: the value of a CodeRefusal or SendRefusal."""
        person = self._person(holder)
        if self.durable.counted(Kind.MAIL_CODE_FAILURES, person) >= self.limits.failures_per_day:
            return CodeRefusal.CLOSED
        stored = self._in_force(holder)
        if stored is not None:
            is_over = now >= datetime.fromisoformat(stored.value["expires_at"])
            return CodeRefusal.EXPIRED if is_over else CodeRefusal.USED_UP
        return self._used_up(person) or SendRefusal.NOTHING

    def _fail(self, place: str, person: str) -> None:
        self.durable.count(Kind.MAIL_CODE_FAILURES, person, _DAY)
        used = self.store.counted(Kind.MAIL_CODE_TRIES, place)
        raise CodeRefused(CodeRefusal.USED_UP if used >= self.limits.tries else CodeRefusal.REFUSED)

    def _claim_quota(self, holder: CodeHolder) -> None:
        person = self._person(holder)
        if self.durable.counted(Kind.MAIL_CODE_FAILURES, person) >= self.limits.failures_per_day:
            raise NotSent(SendRefusal.CLOSED)
        # Looked at before any is counted: what one refuses costs nothing of the others, so that each counts mails sent.
        refusal = self._used_up(person)
        if refusal is not None:
            raise NotSent(refusal)
        for kind, window, most, reason in self._windows():
            if self.store.count(kind, person, window) > most:
                raise NotSent(reason)

    def _used_up(self, person: str) -> SendRefusal | None:
        """Returns why this person gets no mail now, None when nothing forbids it."""
        for kind, _window, most, refusal in reversed(self._windows()):
            if self.store.counted(kind, person) >= most:
                return refusal
        return None

    def _windows(self) -> tuple[tuple[Kind, timedelta, int, SendRefusal], ...]:
        return (
            (Kind.MAIL_QUOTA_MINUTE, timedelta(minutes=1), self.limits.per_minute, SendRefusal.TOO_SOON),
            (Kind.MAIL_QUOTA_HOUR, timedelta(hours=1), self.limits.per_hour, SendRefusal.QUOTA),
            (Kind.MAIL_QUOTA_DAY, _DAY, self.limits.per_day, SendRefusal.QUOTA),
        )

    def reopen(self, rpps: str) -> None:
        """Open the door again that wrong codes closed, after a strong proof of an enrolled person.

        Not that of an enrolment: there the card is shown, and the mailbox is what the codes must prove.
        """
        self.durable.take(Kind.MAIL_CODE_FAILURES, self._person_of(rpps, "login"))

    def _person(self, holder: CodeHolder) -> str:
        return self._person_of(holder.rpps, holder.purpose)

    def _person_of(self, rpps: str, purpose: Purpose) -> str:
        return hmac.new(self.key, f"{rpps}\0{purpose}".encode(), "sha256").hexdigest()

    def _place(self, holder: CodeHolder) -> str:
        """Returns the key of the code: one per person, browser and address. A corrected address starts without code."""
        address = hmac.new(self.key, f"address\0{holder.email}".encode(), "sha256").hexdigest()
        return f"{self._person(holder)}:{holder.browser}:{address}"

    def _within(self, interaction_id: str) -> str:
        return hmac.new(self.key, f"within\0{interaction_id}".encode(), "sha256").hexdigest()

    def _mac(self, holder: CodeHolder, code: str) -> str:
        """Bound to its place: a code proves only the mailbox it was sent to."""
        text = f"{self._place(holder)}\0{code}"
        return hmac.new(self.key, text.encode(), "sha256").hexdigest()


def _is_spent(stored: Versioned) -> bool:
    return "spent_in" in stored.value


def masked_email(email: str) -> str:
    """Returns `m•••@exemple.fr`: enough for the owner to recognise it."""
    local, _, domain = email.partition("@")
    return f"{local[:1]}•••@{domain}"
