"""What somebody at the help desk typed or pasted after `idp why`: a number, an address, a card, a reference.

Not here: looking it up (`found`).
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from idp.cards.rpps import Rpps
from idp.cards.typed_text import bare_number, one_line
from idp.cli.by_card import CARD
from idp.interaction.reference import beginnings_of, reference_of


class By(StrEnum):
    RPPS = "rpps"
    EMAIL = "email"
    CARD = "card"
    REFERENCE = "reference"
    ACCOUNT = "account"


class NotUnderstood(ValueError):
    """It is none of them. The message repeats nothing of it, and says what was expected."""


@dataclass(frozen=True, slots=True)
class Asked:
    """`text`: an RPPS of eleven digits; an address; of a card the ten digits printed on it, its serial number, or the
    SHA-256 of its certificate; a reference as pages and logs have it; a `sub` or an account id."""

    by: By
    text: str

    @property
    def rpps(self) -> Rpps | None:
        return Rpps(self.text) if self.by is By.RPPS else None


_INCIDENT = r"[0-9a-f]{8}"
#: An account id, a `sub` (`enrolment`). One of hexadecimal digits alone does not come up.
_ACCOUNT = r"[\w-]{24}|[\w-]{32}"
#: The twelve digits printed on a card begin with the kind of identifier, 8.
_NUMBERS = (
    (r"8?([0-9]{11})", By.RPPS),
    (rf"({CARD})", By.CARD),
)
_EXPECTED = (
    "expected an RPPS (11 digits), a reference as a page shows it (7KQM-2XBD), an e-mail address, a `sub`, an account "
    "id, or of a card the 10 digits printed on it, its serial number (32 hexadecimal digits) or the SHA-256 of its "
    "certificate"
)


def read_asked(text: str) -> Asked:
    """Raises NotUnderstood. Spaces, tabs, dashes and what nobody sees may be anywhere, as somebody pasted them."""
    if "@" in text:
        return Asked(By.EMAIL, "".join(one_line(text).split()))
    bare = bare_number(text).lower()
    for pattern, by in _NUMBERS:
        if found := re.fullmatch(pattern, bare):
            return Asked(by, found[1])
    if re.fullmatch(_INCIDENT, bare):
        return Asked(By.REFERENCE, bare)
    if beginnings := beginnings_of(bare):
        return Asked(By.REFERENCE, reference_of(f"{beginnings[0]}A"))
    if re.fullmatch(_ACCOUNT, line := one_line(text), re.ASCII):
        return Asked(By.ACCOUNT, line)
    digits = f"; this has {len(bare)} digits" if bare.isdecimal() else ""
    raise NotUnderstood(f"{_EXPECTED}{digits}")


def also_sign_in(asked: Asked) -> str:
    """Returns the reference of a sign-in that an incident of eight hexadecimal digits may be as well, else ""."""
    beginnings = beginnings_of(asked.text)
    return reference_of(f"{beginnings[0]}A") if beginnings else ""
