"""National identifiers (PS_IdNat): a type digit and a number.

Contains the kinds and their patterns, and the check of an RPPS's key digit. Not here: merging kinds: the same digits
under two kinds are two identifiers (an ADELI account is never an RPPS account).
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from idp.cards.rpps import Rpps, is_luhn_valid


class IdentifierKind(StrEnum):
    """The meaning of the type digit of a PS_IdNat (code system 1.2.250.1.71.4.2.1)."""

    ADELI = "adeli"
    ADELI_CABINET = "adeli_cabinet"
    DRASS = "drass"
    FINESS = "finess"
    SIREN = "siren"
    SIRET = "siret"
    RPPS_CABINET = "rpps_cabinet"
    RPPS = "rpps"
    STUDENT = "student"


EMPLOYEE_KINDS = frozenset(
    {
        IdentifierKind.ADELI_CABINET,
        IdentifierKind.FINESS,
        IdentifierKind.SIREN,
        IdentifierKind.SIRET,
        IdentifierKind.RPPS_CABINET,
    }
)
"""Identifiers of a structure followed by its internal register number: employees, not professionals."""

_EMPLOYEE = r"[0-9A-Z]{3,20}/[0-9A-Z._-]{1,40}"
# Type digit → kind and the pattern of what follows. ADELI: nine characters; test numbers have letters.
_KINDS: dict[str, tuple[IdentifierKind, str]] = {
    "0": (IdentifierKind.ADELI, r"[0-9A-Z]{9}"),
    "1": (IdentifierKind.ADELI_CABINET, _EMPLOYEE),
    "2": (IdentifierKind.DRASS, r"[0-9A-Z]{1,20}"),
    "3": (IdentifierKind.FINESS, _EMPLOYEE),
    "4": (IdentifierKind.SIREN, _EMPLOYEE),
    "5": (IdentifierKind.SIRET, _EMPLOYEE),
    "6": (IdentifierKind.RPPS_CABINET, _EMPLOYEE),
    "8": (IdentifierKind.RPPS, r"[0-9]{11}"),
    "9": (IdentifierKind.STUDENT, r"[0-9A-Z]{1,20}"),
}


class UnreadableIdentifier(ValueError):
    """The text is not a national identifier. The message never repeats the text."""


@dataclass(frozen=True, slots=True)
class NationalId:
    """A typed identifier; `value` is what follows the type digit."""

    kind: IdentifierKind
    value: str

    @property
    def rpps(self) -> Rpps | None:
        """The canonical RPPS if this identifier is one, else None."""
        return Rpps(self.value) if self.kind is IdentifierKind.RPPS else None


def parse_national_id(text: str) -> NationalId:
    """Returns the identifier written in a card's CN or in PSC's SubjectNameID. Raises UnreadableIdentifier.

    An RPPS must carry its Luhn key; no rule is known for the other kinds.
    """
    kind, pattern = _KINDS.get(text[:1], (None, ""))
    value = text[1:]
    if kind is None or re.fullmatch(pattern, value) is None:
        raise UnreadableIdentifier("not a national identifier")
    if kind is IdentifierKind.RPPS and not is_luhn_valid(value):
        raise UnreadableIdentifier("wrong key digit")
    return NationalId(kind, value)
