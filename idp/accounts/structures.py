"""Contains the numbers by which a structure is named, FINESS and SIRET. Not here: which person works where."""

import re

from idp.cards.rpps import is_luhn_valid

#: A département (2A, 9A to 9F overseas; 0B and 1B in the test data of ANS), then digits. Of a place, or of the legal
#: entity that runs several. Its key is not judged: no published rule says how a letter counts.
_FINESS = re.compile(r"[0-9][0-9A-Z][0-9]{7}")
_SIRET = re.compile(r"[0-9]{14}")
#: INSEE: its thousands of places have no Luhn key each; the sum of their digits is a multiple of five.
_LA_POSTE = "356000000"


def is_structure_number(text: str) -> bool:
    """Whether this could be a FINESS (9 characters) or a SIRET (14 digits with their Luhn key)."""
    return bool(_FINESS.fullmatch(text)) or (bool(_SIRET.fullmatch(text)) and _has_key(text))


def _has_key(siret: str) -> bool:
    is_of_la_poste = siret.startswith(_LA_POSTE) and sum(map(int, siret)) % 5 == 0
    return is_luhn_valid(siret) or is_of_la_poste
