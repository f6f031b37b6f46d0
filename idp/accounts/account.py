"""The account of one professional, keyed by RPPS.

Contains the account and the proved identity it holds. Not here: storage, protocol.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, NewType

from idp.cards.nomenclature import CodedLabel
from idp.cards.person_name import full_name
from idp.core.replacing import replace

AccountId = NewType("AccountId", str)
IdentitySource = Literal["cps", "psc"]


#: In place of a hash: the account was made while the password door was closed. No password opens it.
NO_PASSWORD = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostalAddress:
    line1: str
    line2: str
    postal_code: str
    city: str
    country: str = "FR"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvedIdentity:
    """What a card or Pro Santé Connect proved, read-only for the person. `rpps`: 11 digits, Luhn-valid.

    One of the two names may be "".
    """

    rpps: str
    family_name: str
    given_name: str
    profession: CodedLabel | None
    specialities: tuple[CodedLabel, ...]
    source: IdentitySource
    verified_at: datetime
    #: SHA-256 of the certificate (source "cps") or PSC's `sub` (source "psc"): evidence, never a key.
    evidence: str
    #: When the source said so: a card when it was issued, Pro Santé Connect when it identified the person. None: not
    #: known (an account of before this was kept).
    stated_at: datetime | None = None

    @property
    def full_name(self) -> str:
        return full_name(self.given_name, self.family_name)


class ClosedFor(StrEnum):
    """Why a password door is closed; the value names the words on the page."""

    #: By the link in the mail that told the former address of a change: « ce n'était pas moi ».
    EMAIL_DISOWNED = "email_disowned"
    #: By « ce n'était pas moi » of an entry of the history.
    REPORTED = "reported"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordClosure:
    """The password of one account opens nothing, though it may be right, until the person chooses another.

    `told_at`: when the person read so, after a sign-in by another door.
    """

    at: datetime
    motive: ClosedFor
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EmailOffer:
    """An address that the operator noted for the person, who proves it or does not: until then nothing goes there, and
    nobody is told it (docs/adr/0063)."""

    email: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One person. `subject` is the public `sub` (opaque, random, never reused); `id` is internal and never sent."""

    id: AccountId
    subject: str
    identity: ProvedIdentity
    email: str
    email_verified_at: datetime
    #: When the person put off proving an old address again. None: not since it was last proved.
    email_put_off_at: datetime | None = None
    email_offer: EmailOffer | None = None
    #: `NO_PASSWORD`: none was chosen.
    password_hash: str = field(repr=False)
    #: None: it is open.
    password_closure: PasswordClosure | None = None
    address: PostalAddress
    created_at: datetime
    #: None: none was chosen, or before this was kept.
    password_changed_at: datetime | None = None
    #: When the lists of common and leaked passwords were first found to have it; None: not at the last sign-in by it.
    password_listed_at: datetime | None = None
    enabled: bool = True
    #: How often everything begun until then was voided. Counted, not timed: the clocks of nodes differ (docs/adr/0031).
    generation: int = 0
    #: Revision of the charter last accepted; the evidence itself is in the charter repository.
    charter_revision: str | None = None
    locale: str = "fr"
    version: int = field(default=0)
    #: When it is erased, at the person's wish; None: it goes on.
    closing_at: datetime | None = None
    #: Why the operator disabled it, in words for the person; "": no motive was given.
    disabled_motive: str = ""
    #: The last sign-in, to within a day; None: none yet. Written by `Leavers` alone.
    signed_in_at: datetime | None = field(default=None, compare=False)
    #: When the person last put off an announced charter. Written by `CharterRepository.put_off` alone.
    charter_put_off_at: datetime | None = field(default=None, compare=False)
    #: When it was read, the address was also that of another account. Of no row of its own, and written by nobody.
    is_mailbox_shared: bool = field(default=False, compare=False)
    #: When it was read, the person had a passkey. The same.
    has_passkey: bool = field(default=False, compare=False)
    #: When it was read, the person had said « Plus tard » to the offer of one. The same.
    declines_passkeys: bool = field(default=False, compare=False)

    @property
    def has_password(self) -> bool:
        return self.password_hash != NO_PASSWORD

    @property
    def is_password_door_open(self) -> bool:
        """Whether a right password, if there is one, leads on: to a mail code, or to a passkey where the mailbox is
        shared. The one place where `password_closure` and `is_mailbox_shared` are judged."""
        return self.password_closure is None and not self.is_closed_by_sharing

    @property
    def is_closed_by_sharing(self) -> bool:
        """Whether what closes the password door is that others read the mailbox too: a code there would prove nothing,
        and there is no passkey in its place (docs/adr/0045)."""
        return self.is_mailbox_shared and not self.has_passkey

    @property
    def may_sign_in(self) -> bool:
        """Whether this person may enter, and what was granted go on. The one place where `enabled` is read."""
        return self.enabled

    def has_voided(self, generation: int) -> bool:
        """Whether a proof, session or grant of that generation is void: a new password, the operator or Pro Santé
        Connect ended all until then."""
        return generation < self.generation

    def with_email(self, email: str, proved_at: datetime) -> "Account":
        """Returns the account with this address, which a code proved."""
        return replace(
            self, email=email, email_verified_at=proved_at, email_put_off_at=None, email_offer=None
        )

    def with_offer(self, email: str, at: datetime) -> "Account":
        """Returns the account whose person is asked about this address after a card or Pro Santé Connect."""
        return replace(self, email_offer=EmailOffer(email, at), email_put_off_at=None)

    def with_password(self, hashed: str, at: datetime) -> "Account":
        """Returns the account with this password, whose door is open; once saved, all that began before is void."""
        chosen = replace(
            self,
            password_hash=hashed,
            password_changed_at=at,
            password_closure=None,
            password_listed_at=None,
        )
        return chosen.next_generation()

    def with_listing(self, is_listed: bool, at: datetime) -> "Account":
        """Returns the account with what the lists say of its password now; the instant they first said so stays."""
        listed_at = (self.password_listed_at or at) if is_listed else None
        return replace(self, password_listed_at=listed_at)

    def closing(self, ends_at: datetime) -> "Account":
        """Returns the account that is erased then; once saved, all that began before is void."""
        return replace(self, closing_at=ends_at).next_generation()

    def next_generation(self) -> "Account":
        """Returns the account that, once saved, has voided every proof, session and grant of until now, and what was
        offered to its person (facts/security RC4)."""
        return replace(self, generation=self.generation + 1, email_offer=None)
