"""An administrator's activation: a code handed over after a face-to-face check, for a person who can prove themself by
neither card nor Pro Santé Connect (docs/adr/0044).

Contains the code, what is kept of it, why it opens nothing, and the port to those under way. Not here: pages, SQL.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from idp.accounts.account import Account, AccountId

#: Crockford's base 32: no letter is taken for a figure. 100 bits.
_ALPHABET, _CHARACTERS, _GROUP = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", 20, 5
_READ_AS = str.maketrans("OIL", "011", " -\u00a0\u2010\u2011\u2013")


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """What is kept of a code: for this account alone, until `ends_at`, once, and void with what its generation voids.

    One for each account: the next takes its place.
    """

    account_id: AccountId
    code_sha256: str
    issued_at: datetime
    ends_at: datetime
    generation: int
    used_at: datetime | None = None


class ActivationRefusal(StrEnum):
    """Why a code opens nothing, for the audit trail alone: the page says the same of all."""

    UNKNOWN = "unknown"
    OTHER_PERSON = "other_person"
    USED = "used"
    LATE = "late"
    VOID = "void"
    DISABLED = "account_disabled"
    IDENTITY_OLD = "identity_old"
    #: The code by mail that has to follow would prove nothing (docs/adr/0045).
    MAILBOX_SHARED = "mailbox_shared"


class ActivationSpent(Exception):
    """It was used in this instant, or is none."""


class Activations(Protocol):
    def put(self, activation: Activation) -> None:
        """Write it in place of the one of before, with the present unit of work."""

    def find(self, code: str) -> Activation | None:
        """Returns what is kept under this code, used or over as it may be."""

    def use(self, activation: Activation, now: datetime) -> None:
        """Mark it as used with the present unit of work. Raises ActivationSpent, by the end of that at the latest."""


def new_activation(account: Account, now: datetime, life: timedelta) -> tuple[str, Activation]:
    """Returns the code, in groups as it is read aloud, and what is kept of it."""
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_CHARACTERS))
    kept = Activation(
        account_id=account.id,
        code_sha256=digest_of(code),
        issued_at=now,
        ends_at=now + life,
        generation=account.generation,
    )
    return "-".join(code[at : at + _GROUP] for at in range(0, _CHARACTERS, _GROUP)), kept


def digest_of(code: str) -> str:
    """Returns what is kept of a code, as typed: in any case, with or without dashes, an O for a 0."""
    return hashlib.sha256(code.upper().translate(_READ_AS).encode()).hexdigest()


def refusal_of(
    activation: Activation | None, account: Account | None, now: datetime, identity_life: timedelta
) -> ActivationRefusal | None:
    """Returns why this code opens nothing for this person, None when it does. `account`: of the RPPS typed."""
    if activation is None:
        return ActivationRefusal.UNKNOWN
    if account is None or account.id != activation.account_id:
        return ActivationRefusal.OTHER_PERSON
    reasons = (
        (ActivationRefusal.USED, activation.used_at is not None),
        (ActivationRefusal.LATE, now >= activation.ends_at),
        (ActivationRefusal.VOID, account.has_voided(activation.generation)),
        (ActivationRefusal.DISABLED, not account.may_sign_in),
        (ActivationRefusal.IDENTITY_OLD, is_identity_old(account, now, identity_life)),
        (ActivationRefusal.MAILBOX_SHARED, account.is_mailbox_shared),
    )
    return next((reason for reason, holds in reasons if holds), None)


def is_used_for(activation: Activation | None, account: Account) -> bool:
    """Whether it is the code of this person, and was used."""
    return activation is not None and activation.account_id == account.id and activation.used_at is not None


def is_identity_old(account: Account, now: datetime, identity_life: timedelta) -> bool:
    """Whether the password opens nothing until card or Pro Santé Connect prove the person again (docs/adr/0043)."""
    return now - account.identity.verified_at >= identity_life
