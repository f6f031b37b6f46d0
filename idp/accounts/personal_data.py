"""Everything that is kept of one person, to hand over.

Contains the port by which it is read. Not here: where it is kept, the page and the file that show it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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
