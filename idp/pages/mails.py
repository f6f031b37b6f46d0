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


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeMail:
    """mail/notice.txt and mail/notice.html; `notice` is a value of Notice, keys "mail.<notice>.subject", ".happened",
    ".otherwise"."""

    notice: str
    happened_at: str
    #: The term that the words of some notices name; "": none.
    until: str = ""
    #: In the operator's words; "": none was given.
    motive: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterReceiptMail:
    """mail/charter_receipt.txt and mail/charter_receipt.html. `address`: of the page with the text, as plain text."""

    #: Of the application whose charter it is; "": of this service.
    client_name: str
    revision: str
    accepted_at: str
    text_sha256: str
    address: str
