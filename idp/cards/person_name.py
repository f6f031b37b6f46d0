"""Names of persons, as certificates and Pro Santé Connect write them, read strictly.

Contains the characters and the length a name may have before any page, mail or log sees it.
Not here: escaping for output (templates do that), display order, capitals.
"""

import re
import unicodedata

MAX_NAME_LENGTH = 64  # ub-common-name of RFC 5280 appendix A.1; the cards seen stop at 27

_LETTER = r"[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]"
# Latin script only: no control or bidirectional characters, no look-alikes, nothing a template or a shell
# would read. Digits occur in the names of test cards ("INFIRMCS ADELI8751").
_NAME = re.compile(rf"{_LETTER}(?:{_LETTER}|[0-9]|[ '\u2019.-])*")


class UnreadableName(ValueError):
    """The text is not a name that we show or keep. The message never repeats the text."""


def parse_person_name(text: str) -> str:
    """Returns the name in Unicode NFC without outer spaces. Raises UnreadableName."""
    name = unicodedata.normalize("NFC", text).strip(" ")
    if len(name) > MAX_NAME_LENGTH or _NAME.fullmatch(name) is None:
        raise UnreadableName("not a readable name")
    return name
