"""Contains passkeys: whether they are a door, their limits. Not here: what they are worth (`interaction`)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar
from urllib.parse import urlsplit

from idp.settings.addresses import is_ip
from idp.settings.declared import duration, number, seconds, setting

_VALUES = "docs/adr/0040"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeySettings:
    """Passkeys."""

    PREFIX: ClassVar[str] = "PASSKEY_"

    use: str = setting(
        "`allow`: people may add passkeys after a card or Pro Santé Connect, and sign in with one. `demand`: "
        "besides, the password wants a passkey in place of the mail code. `forbid`: none is added, and those kept "
        "open nothing. With an issuer whose host is an IP address it is always `forbid`: browsers know none there.",
        "allow",
        name="PASSKEYS",
        choices=("forbid", "allow", "demand"),
        source=_VALUES,
    )
    challenge_life: timedelta = duration(
        "How long a page waits for the answer of a passkey.",
        seconds(5 * 60),
        least=30,
        most=seconds(3600),
        source=_VALUES,
    )
    most: int = number("Passkeys of one person.", 10, most=100, name="PASSKEYS_PER_PERSON", source=_VALUES)
    failures_per_network: int = number(
        "Refused answers of passkeys from one address.", 100, name="PASSKEY_FAILURES_PER_IP", source=_VALUES
    )
    network_window: timedelta = duration(
        "In so long.",
        seconds(60),
        most=seconds(24 * 3600),
        name="PASSKEY_FAILURES_PER_IP_WINDOW",
        source=_VALUES,
    )

    def is_open_at(self, issuer: str) -> bool:
        """Whether passkeys are a door of this issuer."""
        # WebAuthn §5.1.2: an RP ID is a domain, never an address.
        return self.use != "forbid" and not is_ip(urlsplit(issuer).hostname or "")

    def is_demanded_at(self, issuer: str) -> bool:
        return self.use == "demand" and self.is_open_at(issuer)
