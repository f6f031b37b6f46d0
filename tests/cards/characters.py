"""All characters of Unicode, by their properties. Looked through by the tests that ask, not by every worker."""

import sys
import unicodedata
from collections.abc import Callable
from functools import cache


@cache
def every_character() -> tuple[str, ...]:
    return tuple(map(chr, range(sys.maxunicode + 1)))


def characters(*values: str, of: Callable[[str], str] = unicodedata.category) -> list[str]:
    """Those of one of these categories, or of these values of another property."""
    return [one for one in every_character() if of(one) in values]
