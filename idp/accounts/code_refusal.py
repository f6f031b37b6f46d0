"""Contains why a mail code was not accepted. Not here: when (`email_otp`), why none was sent (`mail_quota`)."""

from enum import StrEnum


class CodeRefusal(StrEnum):
    """Why a code was not accepted; the catalogue has `email_otp.<value>`."""

    MALFORMED = "malformed"
    REFUSED = "refused"
    EXPIRED = "expired"
    USED_UP = "used_up"
    #: It signed in, here or in another tab.
    USED = "used"
    CLOSED = "closed"


class CodeRefused(Exception):
    def __init__(self, reason: CodeRefusal) -> None:
        super().__init__(reason)
        self.reason = reason
