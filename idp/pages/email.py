"""What the pages of the e-mail address show: the section of the account, the stop that proves it again, the link « ce
n'était pas moi ». View-models, as in `sign_in`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeEntry:
    """The form of a code that was sent by mail (address.html)."""

    #: When its mail was handed to the lane that sends it.
    sent_at_local: str
    expires_at_local: str
    minutes_left: int
    seconds_left: int
    tries_left: int
    #: "email_otp." and "refused", "expired", "used_up", "used", "malformed", "email_taken", "resent", "renewed",
    #: "too_soon", "quota", "quota_of_day", "network", "closed", "closed_enrolment", "closed_address", "busy" or
    #: "nothing"; or None
    notice: str | None
    notice_is_error: bool
    #: False when the code cannot be entered any more (expired, used up): the person needs a new one.
    can_enter: bool
    #: To wait before it may be asked for again, 0 for none; and when that is, not before.
    seconds_before_resend: int
    resend_at_local: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressEntry:
    """POST <base>: email; with `code` POST <base>/code: code, <base>/resend, <base>/back.

    `error`: a key of the catalogue. `waiting`: the address to which the code was sent, whole: the person typed it here.
    """

    typed: str
    error: str | None = None
    waiting: str = ""
    code: CodeEntry | None = None

    @property
    def is_in_error(self) -> bool:
        return self.error is not None or (self.code is not None and self.code.notice_is_error)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailPage:
    """/account/email. `address`: masked unless the person was proved in the last `minutes` minutes; GET
    /account/proof?to=email proves. Then `entry` changes it."""

    address: str
    proved_on: str
    is_proved: bool
    minutes: int
    entry: AddressEntry
    #: Others read the mailbox too.
    is_shared: bool = False
    #: In the form, when it came too late, or as the operator noted it.
    typed: str = ""

    @property
    def is_error(self) -> bool:
        return self.entry.is_in_error


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailAgainPage:
    """<base>/email_again. `may_put_off`: POST <base>/email_again/later. `offered`: the address that the operator noted
    for this person, or ""."""

    proved_on: str
    may_put_off: bool
    entry: AddressEntry
    offered: str = ""

    @property
    def title(self) -> str:
        """Returns the key of the catalogue."""
        return "email_again.title_offered" if self.offered else "email_again.title"

    @property
    def is_error(self) -> bool:
        return self.entry.is_in_error


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordClosedPage:
    """<base>/password_closed; POST goes on. `motive`: of ClosedFor. `help_desk`: how to reach it, or ""."""

    motive: str
    closed_at: str
    help_desk: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailUndoPage:
    """/account/email/undo/<token>: GET asks or tells, POST closes the password door.

    `state`: "ask", "done" or "gone". `help_desk`: how to reach it, or "".
    """

    state: str
    token: str
    changed_at: str
    help_desk: str
