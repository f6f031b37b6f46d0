"""The terms of use: immutable revisions and the evidence that a person accepted one.

There is one charter of the house, due for everybody; a client may demand others, by name, beside it.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from idp.accounts.account import Account, AccountId

#: The name of the house's own charter.
HOUSE = "house"


def is_charter_name(text: str) -> bool:
    return re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterRevision:
    """`texts`: Markdown by language; "fr" always present and the one that binds."""

    revision: str
    published_at: datetime
    texts: dict[str, str]
    charter: str = HOUSE

    def shown_locale(self, locale: str) -> str:
        """The language of the text that a person reading in `locale` is shown."""
        return locale if locale in self.texts else "fr"

    def text(self, locale: str) -> str:
        return self.texts[self.shown_locale(locale)]

    def is_text(self, sha256: str) -> bool:
        """Whether one of the languages of this revision has this text."""
        return sha256 in {self.sha256(locale) for locale in self.texts}

    def sha256(self, locale: str) -> str:
        """Hex SHA-256 of the UTF-8 text shown to a person reading in `locale`."""
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
    """A revision is immutable: publish the new text under another name."""


class NoCharterPublished(Exception):
    """Nobody whom this charter concerns can sign in before the operator publishes it (`idp charter publish`)."""

    def __init__(self, charter: str = HOUSE) -> None:
        super().__init__(f"charter {charter} was never published")
        self.charter = charter


class CharterRepository(Protocol):
    def current(self, charter: str = HOUSE) -> CharterRevision:
        """The revision published last. Raises NoCharterPublished."""

    def publish(self, revision: CharterRevision) -> None:
        """Raises RevisionExists when its charter has one of this name, whatever the text."""

    def accept(self, evidence: CharterEvidence) -> None:
        """In one transaction: the evidence row and, for the house's, the account's `charter_revision` at a new version.

        Idempotent per (account, charter, revision).
        """

    def has_accepted(self, account_id: AccountId, revision: CharterRevision) -> bool:
        """Whether there is evidence for this very revision."""

    def evidence_of(self, account_id: AccountId) -> list[CharterEvidence]:
        """Oldest first."""


def due_charters(
    account: Account, demanded: Iterable[str], charters: CharterRepository
) -> tuple[CharterRevision, ...]:
    """What is still to accept, in the order to ask: the house's, then those the client demands.

    The account row itself tells of the house's, so a client that demands no other costs one look. Raises
    NoCharterPublished, whatever else is due: what cannot be accepted at the end is not begun.
    """
    resources = charters.current()
    others = [charters.current(name) for name in demanded]
    due = [] if account.charter_revision == resources.revision else [resources]
    return (*due, *(other for other in others if not charters.has_accepted(account.id, other)))
