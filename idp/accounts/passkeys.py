"""Passkeys: what is kept of each, and the two ports that keep and verify them (WebAuthn Level 3, docs/adr/0040).

Contains the record, why a passkey is refused, and when its counter is odd. Not here: the answers of browsers
(`adapters/passkey_ceremonies`), where a passkey is a door (`interaction/authenticator`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from idp.accounts.account import Account, AccountId

#: Of the name that a person gives, in characters.
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasskey:
    """What a verified registration says. Octets are base64url without padding."""

    credential_id: str
    #: COSE_Key.
    public_key: str
    sign_count: int
    #: The model of authenticator, as it says: nobody attests it. A UUID.
    aaguid: str
    #: Backup eligible: it may be on several devices of the person. False: it never leaves the one it was made on.
    is_synced: bool
    is_backed_up: bool
    #: How a browser reaches it: `internal`, `usb`, `nfc`, `ble`, `hybrid`.
    transports: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey(NewPasskey):
    #: Names it on our pages.
    id: str
    account_id: AccountId
    #: Given by the person; "" for none.
    name: str
    created_at: datetime
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyUse:
    """What a verified assertion says."""

    sign_count: int
    is_backed_up: bool


class Claimed(NamedTuple):
    """Which passkey an answer says it is of. Nothing is verified."""

    credential_id: str
    #: The account that the authenticator keeps it for, by its id; None: it did not say.
    account_id: str | None


class Owned(NamedTuple):
    passkey: Passkey
    account: Account


class PasskeyRefusal(StrEnum):
    """Why: the value is in the audit trail, and names the text of the page where that is told apart."""

    #: The challenge was used, is too old, or of another sign-in.
    STALE = "stale"
    MALFORMED = "malformed"
    #: Unknown here, or removed.
    UNKNOWN = "unknown"
    #: Made for another site, or through one (facts/security PK2).
    ELSEWHERE = "elsewhere"
    #: The device did not verify the person: presence alone is one factor.
    NOT_VERIFIED = "not_verified"
    WRONG = "wrong"
    OTHER_PERSON = "other_person"
    DISABLED = "account_disabled"
    #: Its counter went back, though it never leaves its device: there is a copy (docs/adr/0040).
    COPIED = "counter"
    #: The card or Pro Santé Connect identified the person too long ago (docs/adr/0043).
    IDENTITY_OLD = "identity_old"
    #: Too many came from there: nothing was looked at.
    NETWORK = "network"


class PasskeyRefused(Exception):
    def __init__(self, reason: PasskeyRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


class PasskeyTaken(Exception):
    """This credential is kept already."""


class TooManyPasskeys(Exception):
    pass


class PasskeyGone(Exception):
    """It was removed meanwhile."""


class Passkeys(Protocol):
    def of(self, account_id: AccountId) -> tuple[Passkey, ...]:
        """Returns those of one person, the oldest first."""

    def find(self, credential_id: str) -> Owned | None: ...

    def add(self, passkey: Passkey, *, most: int) -> None:
        """Raises PasskeyTaken, TooManyPasskeys (the person has `most`)."""

    def used(self, passkey: Passkey, use: PasskeyUse, now: datetime) -> None:
        """Keep what it said, with the present unit of work. Raises PasskeyGone, some only on leaving."""

    def rename(self, account_id: AccountId, passkey_id: str, name: str) -> bool:
        """Returns whether this person has it."""

    def remove(self, account_id: AccountId, passkey_id: str) -> bool:
        """Returns whether this person had it."""

    def decline(self, account_id: AccountId, now: datetime) -> None:
        """Keep that the person said « Plus tard » to the offer of one."""


class Ceremonies(Protocol):
    """Verifies what a browser answers to a challenge of ours. `answer`: the JSON of a PublicKeyCredential (§5.1)."""

    def creation(self, account: Account, known: Sequence[Passkey], challenge: str, *, elsewhere: bool) -> str:
        """Returns the options of `navigator.credentials.create()`, as JSON. `elsewhere`: not on this device itself."""

    def request(self, known: Sequence[Passkey], challenge: str) -> str:
        """Returns the options of `navigator.credentials.get()`, as JSON. `known`: empty for a person still unknown."""

    def made(self, answer: str, challenge: str) -> NewPasskey:
        """Raises PasskeyRefused."""

    def claimed(self, answer: str) -> Claimed:
        """Raises PasskeyRefused."""

    def proved(self, answer: str, challenge: str, passkey: Passkey) -> PasskeyUse:
        """Raises PasskeyRefused."""


def went_back(passkey: Passkey, use: PasskeyUse) -> bool:
    """Whether the counter is not higher than before: perhaps there is a copy of the passkey (facts/security PK4).

    Synced passkeys do not count: they say 0 for ever.
    """
    if passkey.is_synced and use.sign_count == 0:
        return False
    return use.sign_count <= passkey.sign_count and (use.sign_count, passkey.sign_count) != (0, 0)


def is_copied(passkey: Passkey, use: PasskeyUse) -> bool:
    """Whether it went back and may not: one that stays in its device counts every use, whatever is restored elsewhere.
    Of a synced one that counts, another device may be behind."""
    return went_back(passkey, use) and not passkey.is_synced


def kept(new: NewPasskey, *, passkey_id: str, account_id: AccountId, name: str, now: datetime) -> Passkey:
    """Returns the record of a passkey just made."""
    told = {one.name: getattr(new, one.name) for one in fields(NewPasskey)}
    return Passkey(**told, id=passkey_id, account_id=account_id, name=name, created_at=now)
