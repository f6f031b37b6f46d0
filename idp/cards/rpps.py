"""The RPPS number: its one parser and its check digit.

Contains the canonical form, which every other room compares, stores and counts.
Not here: other identifier kinds (see `identifiers`), any look-up of a person.
"""

import re
from typing import NewType

from idp.cards.typed_text import bare_number

Rpps = NewType("Rpps", str)
"""Canonical form: exactly eleven ASCII digits, no leading type digit."""


class InvalidRpps(ValueError):
    """The text is not an RPPS number. The message never repeats the text."""


def parse_rpps(text: str) -> Rpps:
    """Returns the canonical RPPS of a text that a person typed or pasted. Raises InvalidRpps.

    Accepts spaces, dashes and what nobody sees (`typed_text`) anywhere, and the leading `8` of the twelve-digit form
    printed on cards. Does not check the key digit: no published rule requires it of every number (see `is_luhn_valid`).
    """
    # `[0-9]` and fullmatch: `\d` would accept digits of other scripts, and `$` a final newline.
    found = re.fullmatch(r"8?([0-9]{11})", bare_number(text))
    if found is None:
        raise InvalidRpps("an RPPS number is eleven digits")
    return Rpps(found[1])


def is_luhn_valid(digits: str) -> bool:
    """Whether the last digit is the Luhn key of the others. False for anything but ASCII digits."""
    if re.fullmatch(r"[0-9]+", digits) is None:
        return False
    doubled = (int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(digits)))
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0
