"""Finding an account by what an operator has of its person: `sub`, account id, a part of the name.

No sign-in passes here. Not here: an account by its RPPS or its address (`accounts`).
"""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.account import Account, AccountId
from idp.accounts.repository import AccountNotFound
from idp.adapters.sql.accounts import SqlAccounts, is_storable
from idp.adapters.sql.backends import allow_time
from idp.adapters.sql.database import reading
from idp.adapters.sql.schema import accounts
from idp.cards.person_name import full_name, letters_of

_c = accounts.c
#: For one look along all names: an operator waits longer than a sign-in may.
_SECONDS = 20
#: Rows that may have the name: more than that is no search.
_MOST_LOOKED_AT = 10_000
#: Letters that no database changes the case of in its own way, and that bear no accent in names of here.
_PLAIN = frozenset("bdfgjklmpqrtvwx")
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae"})


class SeveralAccounts(Exception):
    """More than one is meant, where an operator acts on one. Its words name them."""


@dataclass(frozen=True, slots=True)
class FoundByName:
    """`is_cut`: there may be more."""

    accounts: Sequence[Account]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class SqlAccountSearch:
    database: Engine

    def named(self, name: str) -> Sequence[Account]:
        """Returns the one of this `sub` or account id, if there is one."""
        if not (name and is_storable(name)):
            return ()
        with reading(self.database) as connection:
            found = connection.execute(sa.select(_c.id).where(sa.or_(_c.id == name, _c.subject == name)))
            return self.existing(found.scalars().all())

    def by_name(self, words: str, most: int) -> FoundByName:
        """Returns whose name has each of these words or parts of words, whatever accents and capitals; by name."""
        parts = [letters for word in re.split(r"[\W_]+", words) if (letters := _letters(word))]
        name = sa.func.lower(_c.given_name + " " + _c.family_name)
        asked = (
            sa.select(_c.id, _c.given_name, _c.family_name)
            .where(*(name.like(_pattern(part)) for part in parts))
            .limit(_MOST_LOOKED_AT + 1)
        )
        with reading(self.database) as connection:
            allow_time(connection, _SECONDS)
            rows = connection.execute(asked).all() if parts else ()
        found = sorted(
            (_letters(row.family_name), _letters(row.given_name), row.id)
            for row in rows
            if _has(full_name(row.given_name, row.family_name), parts)
        )
        is_cut = len(rows) > _MOST_LOOKED_AT or len(found) > most
        return FoundByName(self.existing([row_id for *_, row_id in found[:most]]), is_cut)

    def existing(self, ids: Iterable[str]) -> Sequence[Account]:
        """Returns those that are still there, each once."""
        known, found = SqlAccounts(self.database), []
        for one in dict.fromkeys(ids):
            with suppress(AccountNotFound):  # Erased in this moment.
                found.append(known.get(AccountId(one)))
        return found


def _pattern(part: str) -> str:
    """Returns what every name with this part is like, and others: whether they have it `_has` decides."""
    plain = "".join(letter if letter in _PLAIN else "%" for letter in part)
    return f"%{plain}%"


def _has(name: str, parts: Sequence[str]) -> bool:
    letters = _letters(name)
    return all(part in letters for part in parts)


def _letters(text: str) -> str:
    return letters_of(text).translate(_LIGATURES)
