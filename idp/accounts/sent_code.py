"""Contains what is known of a code before and after it is sent. Not here: making and checking it (`email_otp`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from idp.accounts.code_keys import CodeHolder


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeState:
    """What the page may show of the code in force."""

    expires_at: datetime | None
    tries_left: int
    #: When its last mail was handed to the lane that sends it, and from when it may be asked for again.
    sent_at: datetime | None
    resend_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeToSend:
    """`record`: what is to be kept of it; `version` of the one that it replaces, None: this is a new code."""

    holder: CodeHolder = field(repr=False)
    digits: str = field(repr=False)
    expires_at: datetime
    record: Mapping[str, str] = field(repr=False)
    version: int | None

    @property
    def is_repeated(self) -> bool:
        """Whether the mail before held the same code; both are right."""
        return self.version is not None
