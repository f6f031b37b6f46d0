"""What a newer proof of an identity changes: the comparison, and one row of the history. Pure functions."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from idp.accounts.account import AccountId, ProvedIdentity
from idp.cards.person_name import completed, letters_of


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityChange:
    """One row of the history: what the account held, and what the newer proof says."""

    account_id: AccountId
    at: datetime
    before: ProvedIdentity
    after: ProvedIdentity

    @property
    def fields(self) -> tuple[str, ...]:
        """Returns the names of the fields that differ."""
        return changed_fields(self.before, self.after)

    @property
    def is_told(self) -> bool:
        """Whether the person is told. Not of specialities: a card carries some of them, Pro Santé Connect all."""
        return bool({"family_name", "given_name", "profession"} & set(self.fields))


def merged(known: ProvedIdentity, proved: ProvedIdentity) -> ProvedIdentity:
    """Returns the newest proof, completed with the known fields that it lacks.

    An older statement proves that the person is there, and puts no older name back: a card says what was so when it was
    issued. The profession is that of the card presented, of whatever date: who practises two alternates between two
    cards (facts/cps §3).
    """
    family_name, given_name, stated_at = _newest_names(known, proved)
    return dataclasses.replace(
        proved,
        family_name=family_name,
        given_name=given_name,
        stated_at=stated_at,
        profession=proved.profession or known.profession,
        specialities=known.specialities if _says_less(known, proved) else proved.specialities,
    )


def _is_older(known: ProvedIdentity, proved: ProvedIdentity) -> bool:
    """Whether what is proved was said before what is known."""
    if known.stated_at is None:
        return False
    return proved.stated_at is None or proved.stated_at < known.stated_at


def _newest_names(known: ProvedIdentity, proved: ProvedIdentity) -> tuple[str, str, datetime | None]:
    """Returns family name, given name, and when they were said."""
    if _is_older(known, proved) or not proved.full_name:
        return known.family_name, known.given_name, known.stated_at
    if proved.source == "cps":  # a card names its holder whole: what it lacks, the person has not
        return proved.family_name, proved.given_name, proved.stated_at
    return (
        completed(proved.family_name, known.family_name, beside=proved.given_name),
        completed(proved.given_name, known.given_name, beside=proved.family_name),
        proved.stated_at,
    )


def _says_less(known: ProvedIdentity, proved: ProvedIdentity) -> bool:
    """Whether the proof names only some of the known specialities, and takes none away.

    So does another source, which knows less, and an older statement on the same profession. The same source that says
    less today has really lost one.
    """
    if not proved.specialities:
        return True
    codes = [one.profession.code if one.profession else None for one in (known, proved)]
    is_same_profession = codes[1] in (None, codes[0])
    is_part = set(proved.specialities) <= set(known.specialities)
    return (known.source != proved.source and is_part) or (is_same_profession and _is_older(known, proved))


_COMPARED: Mapping[str, Callable[[ProvedIdentity], object]] = {
    "family_name": lambda identity: letters_of(identity.family_name),
    "given_name": lambda identity: letters_of(identity.given_name),
    "profession": lambda identity: identity.profession.code if identity.profession else None,
    "specialities": lambda identity: frozenset(one.code for one in identity.specialities),
}


def changed_fields(before: ProvedIdentity, after: ProvedIdentity) -> tuple[str, ...]:
    return tuple(name for name, value in _COMPARED.items() if value(before) != value(after))
