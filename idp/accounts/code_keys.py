"""For whom a mail code is, and what it and its counters are kept under.

Contains the keyed hashes of the person, the mailbox and the browser, and the code itself: computed from a number in its
record and our key, so that it can be sent again and no store holds it (docs/adr/0033). Not here: stores, limits.
"""

import hmac
from dataclasses import dataclass, field
from typing import Literal

#: Each has its own codes, tries and mails: what is typed for one opens no other door.
Purpose = Literal["login", "enrolment", "address"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeHolder:
    """The person a code is for. `browser`: fingerprint of its cookie; with "address", the place where it is typed."""

    rpps: str
    browser: str
    purpose: Purpose
    email: str


@dataclass(frozen=True, slots=True)
class CodeKeys:
    key: bytes = field(repr=False)

    def person(self, holder: CodeHolder) -> str:
        return self.person_of(holder.rpps, holder.purpose)

    def person_of(self, rpps: str, purpose: Purpose) -> str:
        return self._hashed(rpps, purpose)

    def mailbox(self, holder: CodeHolder) -> str:
        return f"{self.person(holder)}:{self._hashed('address', holder.email)}"

    def place(self, holder: CodeHolder) -> str:
        """Returns the key of the code: one per person, browser and address. A corrected address starts without code."""
        return f"{self.mailbox(holder)}:{holder.browser}"

    def occasion(self, within: str) -> str:
        return self._hashed("within", within)

    def digits(self, place: str, nonce: str, count: int) -> str:
        """Returns the code (facts/security OT1). Bound to its place: it proves only the mailbox it was sent to."""
        # 256 bits: what the division leaves over makes no code likelier than another by more than 2^-200.
        return f"{int(self._hashed('code', place, nonce), 16) % 10**count:0{count}d}"

    def _hashed(self, *texts: str) -> str:
        return hmac.new(self.key, "\0".join(texts).encode(), "sha256").hexdigest()
