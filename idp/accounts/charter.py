"""The terms of use.

Contains the charters, their immutable revisions, and the evidence that a person accepted one. Every person must accept
the charter of this service; a client may demand further charters, by name. Not here: storage, rendering.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from idp.accounts.account import Account, AccountId

#: The name of this service's own charter.
HOUSE = "house"


def is_charter_name(text: str) -> bool:
    return re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterRevision:
    """`texts`: Markdown by language. "fr" is always present, and is the text that binds."""

    revision: str
    published_at: datetime
    texts: dict[str, str]
    charter: str = HOUSE

    def shown_locale(self, locale: str) -> str:
        """Returns the language of the text shown to a person who reads in `locale`."""
        return locale if locale in self.texts else "fr"

    def text(self, locale: str) -> str:
        return self.texts[self.shown_locale(locale)]

    def is_text(self, sha256: str) -> bool:
        """Whether this is the digest of the revision's text in one of its languages."""
        return sha256 in {self.sha256(locale) for locale in self.texts}

    def sha256(self, locale: str) -> str:
        """Returns the hexadecimal SHA-256 of the UTF-8 text shown to a person who reads in `locale`."""
        return hashlib.sha256(self.text(locale).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterEvidence:
    account_id: AccountId
    revision: str
    text_sha256: str
    accepted_at: datetime
    authenticator: str
    client_id: str
    charter: str = HOUSE


class RevisionExists(Exception):
    """A revision is immutable: a new text is published under another name."""


class NoCharterPublished(Exception):
    """No user to whom this charter applies can sign in before the operator publishes it (`idp charter publish`)."""

    def __init__(self, charter: str = HOUSE) -> None:
        super().__init__(f"charter {charter} was never published")
        self.charter = charter


class CharterRepository(Protocol):
    def current(self, charter: str = HOUSE) -> CharterRevision:
        """Returns the revision published last. Raises NoCharterPublished."""

    def publish(self, revision: CharterRevision) -> None:
        """Raises RevisionExists when the charter already has a revision of this name, even with the same text."""

    def accept(self, evidence: CharterEvidence) -> bool:
        """Write the evidence. For this service's own charter, also set the account's `charter_revision`.

        One transaction, at a new version of the account. Returns False, and writes nothing, when this revision of the
        charter was accepted before.
        """

    def has_accepted(self, account_id: AccountId, revision: CharterRevision) -> bool:
        """Whether there is evidence for exactly this revision."""

    def evidence_of(self, account_id: AccountId) -> list[CharterEvidence]:
        """Returns the account's evidence, oldest first."""


def due_charters(
    account: Account, demanded: Iterable[str], charters: CharterRepository
) -> tuple[CharterRevision, ...]:
    """Returns the revisions the person must still accept, in the order to ask: this service's, then the client's.

    Raises NoCharterPublished if any of these charters is not published, even when another is due first: a person must
    not begin a series of charters that cannot be finished.
    """
    own = charters.current()
    others = [charters.current(name) for name in demanded]
    # The account row says whether our own charter was accepted: without client charters, no evidence is read.
    due = [] if account.charter_revision == own.revision else [own]
    return (*due, *(other for other in others if not charters.has_accepted(account.id, other)))
