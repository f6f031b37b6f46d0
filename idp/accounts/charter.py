"""The terms of use: immutable revisions and the evidence that a person accepted one."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from idp.accounts.account import Account, AccountId


@dataclass(frozen=True, slots=True)
class CharterRevision:
    """`texts`: Markdown by language; "fr" always present and the one that binds."""

    revision: str
    published_at: datetime
    texts: dict[str, str]

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


@dataclass(frozen=True, slots=True)
class CharterEvidence:
    account_id: AccountId
    revision: str
    text_sha256: str
    accepted_at: datetime
    authenticator: str
    client_id: str


class RevisionExists(Exception):
    """A revision is immutable: publish the new text under another name."""


class NoCharterPublished(Exception):
    """Nobody can sign in before the operator publishes a charter (`idp charter publish`)."""


class CharterRepository(Protocol):
    def current(self) -> CharterRevision:
        """The revision published last. Raises NoCharterPublished."""

    def publish(self, revision: CharterRevision) -> None:
        """Raises RevisionExists when the name was used, whatever the text."""

    def accept(self, evidence: CharterEvidence) -> None:
        """In one transaction: the evidence row, and the account's `charter_revision` at a new version.

        Idempotent per (account, revision).
        """

    def evidence_of(self, account_id: AccountId) -> list[CharterEvidence]:
        """Oldest first."""


def is_charter_due(account: Account, current: CharterRevision) -> bool:
    return account.charter_revision != current.revision
