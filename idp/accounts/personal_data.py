"""Everything that is kept of one person, to hand over.

Contains the port by which it is read. Not here: where it is kept, the page and the file that show it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from idp.accounts.account import AccountId


class Withheld(StrEnum):
    """In place of a value that opens something: it is said to be there."""

    SECRET = "present, not shown"


@dataclass(frozen=True, slots=True)
class Holding:
    """The rows of one table that are of a person, by the names of its columns. A value: what JSON can hold, an instant,
    or `Withheld`."""

    table: str
    rows: tuple[Mapping[str, object], ...]


class PersonalData(Protocol):
    def of(self, account_id: AccountId) -> tuple[Holding, ...]:
        """Returns every table with rows of a person, also those that have none now, read at one instant."""


#: The name of the format of the copy; another number when a member changes its meaning.
_FORMAT = "caducee-personal-data/1"


def copy_of(holdings: Iterable[Holding], at: datetime) -> dict[str, object]:
    """Returns the copy as JSON can hold it: instants in ISO 8601, in UTC."""
    records = {holding.table: [copied(row) for row in holding.rows] for holding in holdings}
    return {"format": _FORMAT, "copied_at": at.isoformat(), "records": records}


def copied(value: object) -> object:
    """Returns a value as JSON can hold it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: copied(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [copied(one) for one in value]
    return value
