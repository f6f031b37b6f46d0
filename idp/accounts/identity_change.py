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

    Specialities are kept when a different source now names only some of them: this source knows less, and removes none.
    """
    # Only for another source: the same source that now says less has really lost a speciality.
    is_part = known.source != proved.source and set(proved.specialities) <= set(known.specialities)
    return dataclasses.replace(
        proved,
        family_name=completed(proved.family_name, known.family_name, beside=proved.given_name),
        given_name=completed(proved.given_name, known.given_name, beside=proved.family_name),
        profession=proved.profession or known.profession,
        specialities=known.specialities if is_part or not proved.specialities else proved.specialities,
    )


_COMPARED: Mapping[str, Callable[[ProvedIdentity], object]] = {
    "family_name": lambda identity: letters_of(identity.family_name),
    "given_name": lambda identity: letters_of(identity.given_name),
    "profession": lambda identity: identity.profession.code if identity.profession else None,
    "specialities": lambda identity: frozenset(one.code for one in identity.specialities),
}


def changed_fields(before: ProvedIdentity, after: ProvedIdentity) -> tuple[str, ...]:
    return tuple(name for name, value in _COMPARED.items() if value(before) != value(after))
