"""What a newer proof of an identity changes: pure comparison, and one row of the history."""

import dataclasses
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from idp.accounts.account import AccountId, ProvedIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityChange:
    """One row of the history: what the account held, and what the newer proof says."""

    account_id: AccountId
    at: datetime
    before: ProvedIdentity
    after: ProvedIdentity

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields that differ."""
        return changed_fields(self.before, self.after)

    @property
    def is_told(self) -> bool:
        """Specialities are not told: the card carries some of them, Pro Santé Connect all."""
        return bool({"family_name", "given_name", "profession"} & set(self.fields))


def merged(known: ProvedIdentity, proved: ProvedIdentity) -> ProvedIdentity:
    """The newest proof; what it does not say is kept.

    A source that names only some of the specialities which another source proved takes none of them away.
    """
    is_part = known.source != proved.source and set(proved.specialities) <= set(known.specialities)
    return dataclasses.replace(
        proved,
        family_name=proved.family_name or known.family_name,
        given_name=proved.given_name or known.given_name,
        profession=proved.profession or known.profession,
        specialities=known.specialities if is_part or not proved.specialities else proved.specialities,
    )


def _letters(name: str) -> str:
    """A card writes MARIE where Pro Santé Connect writes Marie: not another name."""
    bare = unicodedata.normalize("NFKD", name)
    return "".join(c for c in bare if c.isalnum()).casefold()


_COMPARED: Mapping[str, Callable[[ProvedIdentity], object]] = {
    "family_name": lambda identity: _letters(identity.family_name),
    "given_name": lambda identity: _letters(identity.given_name),
    "profession": lambda identity: identity.profession.code if identity.profession else None,
    "specialities": lambda identity: frozenset(one.code for one in identity.specialities),
}


def changed_fields(before: ProvedIdentity, after: ProvedIdentity) -> tuple[str, ...]:
    return tuple(name for name, value in _COMPARED.items() if value(before) != value(after))
