"""What each mail shows.

Contains one frozen view-model per mail. Not here: logic, look-ups.
"""

from dataclasses import dataclass

from idp.pages.sessions import OriginView


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeMail:
    """mail/code.html, subject key "mail.code.subject_" and the purpose (no code in the subject)."""

    code: str
    #: From `requested_at` to `until`.
    minutes: int
    until: str
    purpose: str
    client_name: str
    requested_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeMail:
    """mail/notice.html; `notice` is a value of Notice, keys "mail.<notice>.subject", ".happened",
    ".otherwise"."""

    notice: str
    happened_at: str
    #: The term that the words of some notices name; "": none.
    until: str = ""
    #: In the operator's words; "": none was given.
    motive: str = ""
    #: Whose account it is about, where others read the mailbox too; "": nobody does.
    whose: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterReceiptMail:
    """mail/charter_receipt.html. `address`: of the page with the text, as plain text."""

    #: Of the application whose charter it is; "": of this service.
    client_name: str
    revision: str
    accepted_at: str
    text_sha256: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInInMail:
    at: str
    #: A key below "origin.door".
    door: str
    origin: OriginView


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBrowserMail:
    """mail/new_browser.html, keys "mail.new_browser.…"."""

    sign_ins: tuple[SignInInMail, ...]
    #: So many that are not shown.
    more: int
    #: How to reach the help desk, "" when the operator did not say.
    help_desk: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChangedMail:
    """mail/email_changed.html, to the address of before.

    `link`: the page with one button, good once and `until` then. `help_desk`: how to reach it, or "".
    """

    happened_at: str
    link: str
    until: str
    help_desk: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterReminderMail:
    """mail/charter_reminder.html, subject key "mail.charter_reminder.subject"."""

    #: Names of those that demand the charter; empty: it is this service's.
    applications: tuple[str, ...]
    revision: str
    due_from: str
    #: Where it can be accepted without going to an application; "": nowhere.
    address: str
