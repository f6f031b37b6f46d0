"""Names of persons, as certificates and Pro Santé Connect write them.

Contains what no name may hold before any page, mail or log sees it, and comparing names. A register writes any script,
apostrophe, hyphen and punctuation, and a person may bear one name only: how a name is spelled refuses nobody. Not here:
escaping for output (templates do that), display order, capitals.
"""

import unicodedata

from idp.cards.typed_text import is_unseen

#: In code points. RFC 5280 appendix A.1 lets surname and givenName be 32768 long (ub-name); the cards seen stop at 27,
#: the longest names of passports far below this.
MAX_NAME_LENGTH = 256

#: Control characters, lone surrogates, line and paragraph separators: what breaks a line, a header, a terminal or a
#: database, and is no spelling (facts/security T14).
_HARMFUL = frozenset({"Cc", "Cs", "Zl", "Zp"})
#: Bidi_Control of Unicode (UAX #9 §2): they would turn around what stands beside the name.
BIDI_CONTROLS = frozenset(map(chr, (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))))


class UnreadableName(ValueError):
    """The text is not a name that we show or keep. The message never repeats the text."""


def parse_person_name(text: str) -> str:
    """Returns the name in Unicode NFC without outer spaces, "" when nothing is to be seen. Raises UnreadableName."""
    if any(unicodedata.category(c) in _HARMFUL or c in BIDI_CONTROLS for c in text):
        raise UnreadableName("a control character")
    name = unicodedata.normalize("NFC", text.strip())
    if len(name) > MAX_NAME_LENGTH:
        raise UnreadableName("too long")
    return "" if all(is_unseen(c) or c.isspace() for c in name) else name


def full_name(given_name: str, family_name: str) -> str:
    """Returns both names, or the only one."""
    return " ".join(name for name in (given_name, family_name) if name)


def letters_of(name: str) -> str:
    """Returns what to compare: MARIE on a card and Marie from Pro Santé Connect are the same name."""
    bare = unicodedata.normalize("NFKD", name)
    # Accents go (combining class above 0), the vowel signs of an Indic script stay: without them names are the same.
    return "".join(c for c in bare if c.isalnum() or _is_vowel_sign(c)).casefold()


def completed(name: str, known: str, *, beside: str) -> str:
    """Returns the name, or the one known from elsewhere where it is not told.

    Unless that is the name `beside` it: of a person with one name, one source says it is the family name, another the
    given one.
    """
    if name or (beside and letters_of(known) == letters_of(beside)):
        return name
    return known


def _is_vowel_sign(character: str) -> bool:
    return unicodedata.category(character)[0] == "M" and unicodedata.combining(character) == 0
