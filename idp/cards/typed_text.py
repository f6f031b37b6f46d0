"""What a person typed or pasted, without what nobody sees.

Contains the one reading of a pasted number and of a pasted line. Not here: what an RPPS, a code or an address is.
"""

import unicodedata

#: Drawn as nothing, or as a blank, though Unicode counts them neither as spaces nor as format characters: the rest of
#: Default_Ignorable_Code_Point (Unicode 15 §5.21), and the empty Braille cell.
_BLANK = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
#: Dashes by their looks, though not of the category Pd: modifier minus, hyphen bullet, minus signs.
_DASHES = frozenset("\u02d7\u2043\u2212\u2796")


def is_unseen(character: str) -> bool:
    """Whether this is a format character (bidi marks, zero width, soft hyphen, byte-order mark…) or a blank."""
    return unicodedata.category(character) == "Cf" or character in _BLANK


def is_dash(character: str) -> bool:
    return unicodedata.category(character) == "Pd" or character in _DASHES


def bare_number(text: str) -> str:
    """Returns the text without spaces, dashes, tabs, line ends and what nobody sees.

    Full-width and other compatibility digits become ASCII (NFKC), as an East Asian keyboard types them. Digits of other
    scripts stay what they are, which is no digit of ours: one number has one spelling (facts/security T25).
    """
    compatible = unicodedata.normalize("NFKC", text)
    return "".join(c for c in compatible if not (is_unseen(c) or is_dash(c) or _is_space(c)))


def one_line(text: str) -> str:
    """Returns NFC text without what nobody sees, one space between words, no control character (facts/security T14)."""
    visible = "".join("" if is_unseen(c) else " " if _is_space(c) or _is_undrawn(c) else c for c in text)
    return " ".join(unicodedata.normalize("NFC", visible).split())


def _is_space(character: str) -> bool:
    """Whether this is a space, a separator or a control character, as tabs and line ends are."""
    return unicodedata.category(character) in ("Zs", "Zl", "Zp", "Cc")


def _is_undrawn(character: str) -> bool:
    """Whether no font has to draw it: a lone surrogate, private use, unassigned."""
    return unicodedata.category(character) in ("Cs", "Co", "Cn")
