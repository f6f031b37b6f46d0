"""The terms of use.

Contains the charters, their immutable revisions, and the evidence that a person accepted one. Every person must accept
the charter of this service; a client may demand further charters, by name. Not here: storage, rendering.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from idp.accounts.account import AccountId

#: The name of this service's own charter.
HOUSE = "house"
#: A regular expression.
CHARTER_NAME = "[a-z0-9][a-z0-9-]{0,39}"


def is_charter_name(text: str) -> bool:
    return re.fullmatch(CHARTER_NAME, text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterRevision:
    """`texts`: Markdown by language. "fr" is always present, and is the text that binds.

    `changes`: the operator's note of what changed since the revision before, Markdown by language; empty: no note.
    `number`: in the order of publication, drawn by the repository. `due_from`: until then it is announced, and the one
    before suffices; None: in force since it was published. `text_of`: the revision whose text it brings back, "" for
    its own.
    """

    revision: str
    published_at: datetime
    texts: dict[str, str]
    charter: str = HOUSE
    changes: Mapping[str, str] = field(default_factory=dict)
    due_from: datetime | None = None
    text_of: str = ""
    number: int = field(default=0, compare=False)

    def announced_for(self, now: datetime) -> datetime | None:
        """Returns the day from which it is due, as long as it is only announced; None: it is, or was, in force."""
        return self.due_from if self.due_from is not None and now < self.due_from else None

    def shown_locale(self, locale: str) -> str:
        """Returns the language of the text shown to a person who reads in `locale`."""
        return locale if locale in self.texts else "fr"

    def text(self, locale: str) -> str:
        return self.texts[self.shown_locale(locale)]

    def is_text(self, sha256: str) -> bool:
        """Whether this is the digest of the revision's text in one of its languages."""
        return self.locale_of(sha256) is not None

    def locale_of(self, sha256: str) -> str | None:
        """Returns the language of the text with this digest; None when none of the revision's texts has it."""
        return next((locale for locale in self.texts if self.sha256(locale) == sha256), None)

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


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What a person accepted: the evidence, and the revision that it names."""

    evidence: CharterEvidence
    revision: CharterRevision

    @property
    def locale(self) -> str | None:
        """Returns the language of the text accepted, known by its digest; None: no published text has that digest."""
        return self.revision.locale_of(self.evidence.text_sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedRevision:
    """One line of the list of what a person accepted; no text. `number`: of the revision, leads to its text."""

    evidence: CharterEvidence
    number: int
    published_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """`restored`: the name under which the revision before came back; "": the one withdrawn was only announced."""

    revision: CharterRevision
    restored: str


@dataclass(frozen=True, slots=True)
class CharterNews:
    """What is new in a revision to one person. `notes`: what changed since the revision that the person accepted last
    (`CharterRevision.changes`), oldest first; those of revisions without a note are left out.
    """

    is_known: bool
    notes: tuple[Mapping[str, str], ...] = ()


class RevisionExists(Exception):
    """A revision is immutable: a new text is published under another name."""


class RevisionAnnounced(Exception):
    """Another revision of the charter is announced: what is published beside it would be asked for twice."""

    def __init__(self, announced: CharterRevision) -> None:
        super().__init__(announced.revision)
        self.announced = announced


class NotWithdrawn(Exception):
    """The revision cannot be withdrawn; its text says why, in words for the operator."""


class NoCharterPublished(Exception):
    """No user to whom this charter applies can sign in before the operator publishes it (`idp charter publish`)."""

    def __init__(self, charter: str = HOUSE) -> None:
        super().__init__(f"charter {charter} was never published")
        self.charter = charter


class CharterRepository(Protocol):
    def current(self, charter: str = HOUSE) -> CharterRevision:
        """Returns the revision in force. Raises NoCharterPublished."""

    def newest(self, charter: str = HOUSE) -> CharterRevision:
        """Returns the revision announced, or else the one in force. Raises NoCharterPublished."""

    def publish(self, revision: CharterRevision) -> None:
        """Raises RevisionExists when the charter already has a revision of this name, even with the same text, and
        RevisionAnnounced."""

    def put_off(self, account_id: AccountId, at: datetime) -> None:
        """Write « Plus tard » of an announced revision, with the present unit of work."""

    def accept(self, evidence: CharterEvidence) -> bool:
        """Write the evidence. For this service's own charter, also set the account's `charter_revision`.

        One transaction, at a new version of the account. Returns False, and writes nothing, when this revision of the
        charter was accepted before.
        """

    def evidence_of(self, account_id: AccountId) -> list[CharterEvidence]:
        """Returns the account's evidence, oldest first."""

    def accepted_by(self, account_id: AccountId) -> list[AcceptedRevision]:
        """Returns what the person accepted, newest first."""

    def acceptance(self, account_id: AccountId, number: int) -> Acceptance | None:
        """Returns the person's acceptance of the revision of this number, with its texts; None when there is none."""

    def news_for(self, account_id: AccountId, revision: CharterRevision) -> CharterNews:
        """Returns what is new in this revision to a person; `is_known`: an earlier one of this charter was accepted."""
