"""What each mail shows.

Contains one frozen view-model per mail. Not here: logic, look-ups.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeMail:
    """mail/code.txt and mail/code.html, subject key "mail.code.subject" (no code in the subject)."""

    code: str
    #: From `requested_at` to `until`.
    minutes: int
    until: str
    purpose: str
    client_name: str
    requested_at: str


@dataclass(frozen=True, slots=True)
class NoticeMail:
    """mail/notice.txt and mail/notice.html; `notice` is a value of Notice, keys "mail.<notice>.subject", ".happened",
    ".otherwise"."""

    notice: str
    happened_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChangedMail:
    """mail/email_changed.txt and mail/email_changed.html, to the address of before.

    `link`: the page with one button, good once and `until` then. `help_desk`: how to reach it, or "".
    """

    happened_at: str
    link: str
    until: str
    help_desk: str
