"""The reference of a sign-in, as a person reads it aloud from a page.

Contains how it is made of the interaction's id, and what it says of that id: nothing is kept for it, so that a page
that refuses costs no store a word and says the same whoever the person is, and any node finds what it stands for in the
audit trail (docs/adr/0062). Not here: looking it up (`idp why`).
"""

import re

#: Crockford's base 32: no letter is taken for a figure.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans("OIL", "011", " -\u00a0\u2010\u2011\u2013")
#: Of an id (RFC 4648 §5).
_OF_ID = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
#: 40 bits: the first seven characters of an id, but for the last two bits.
_CHARACTERS, _OF_ID_CHARACTERS, _FREE_BITS = 8, 7, 2


def reference_of(interaction_id: str) -> str:
    """Returns `7KQM-2XBD`, of the first characters of the id; "" for an id that is none of ours."""
    if not re.match(rf"[A-Za-z0-9_-]{{{_OF_ID_CHARACTERS}}}", interaction_id):
        return ""
    number = _number(interaction_id[:_OF_ID_CHARACTERS], _OF_ID) >> _FREE_BITS
    text = _written(number, _CHARACTERS, _ALPHABET)
    return f"{text[:4]}-{text[4:]}"


def beginnings_of(reference: str) -> tuple[str, ...]:
    """Returns how the id of a reference begins, each of the same length; () for a text that is no reference.

    As heard and typed: in any case, with or without dashes, an O for a 0.
    """
    typed = reference.upper().translate(_READ_AS)
    if re.fullmatch(rf"[{_ALPHABET}]{{{_CHARACTERS}}}", typed) is None:
        return ()
    number = _number(typed, _ALPHABET) << _FREE_BITS
    return tuple(_written(number | rest, _OF_ID_CHARACTERS, _OF_ID) for rest in range(1 << _FREE_BITS))


def _number(text: str, alphabet: str) -> int:
    number = 0
    for character in text:
        number = number * len(alphabet) + alphabet.index(character)
    return number


def _written(number: int, characters: int, alphabet: str) -> str:
    text = ""
    for _ in range(characters):
        number, rank = divmod(number, len(alphabet))
        text = alphabet[rank] + text
    return text
