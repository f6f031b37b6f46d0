"""Contains the keys: signing keys, the application key, keys in an HSM. Not here: when a key signs (`signing`)."""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from idp.settings.declared import duration, number, seconds, setting
from idp.settings.faults import Rule

KEY = "32 random bytes in base64url (43 characters)"
KEY_OR_LONGER = f"{KEY}, or any text as long"
_DAY = seconds(24 * 3600)


def is_short(key: str) -> bool:
    return len(key) < 43


def is_no_header(key: str) -> bool:
    """Whether it is too short, or has white space, which does not come through a header unchanged."""
    return is_short(key) or re.search(r"\s", key) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySettings:
    """Keys."""

    PREFIX: ClassVar[str] = "KEY_"

    application: str = setting(
        "32 random bytes in base64url: cookies, CSRF, counters, sealed records. The same on every node, always.",
        name="APPLICATION_KEY",
        is_secret=True,
    )
    directory: Path = setting(
        "The token signing keys, and when each signs.", Path("keys"), name="KEYS_DIRECTORY"
    )
    publish_before: timedelta = duration(
        "A key is in the key set so long before it signs.", _DAY, least=0, source="facts/security JW6"
    )
    retire_after: timedelta = duration(
        "A key stays in the key set so long after it signed last.", _DAY, source="facts/security JW6"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HsmSettings:
    """Keys in hardware (hsm.md)."""

    PREFIX: ClassVar[str] = "HSM_"

    library: str = setting("p11-kit's own library: it loads the module of the HSM.", "libp11-kit.so.0")
    pin: str = setting("Counts for keys whose URI names no `pin-source`.", "", is_secret=True)
    timeout: timedelta = duration(
        "For one answer.", seconds(3), limits="1 second or more", source="facts/security §4.6"
    )
    sessions: int = number("Sessions in each token, of one process.", 4, most=64)


RULES: tuple[Rule[KeySettings], ...] = (
    Rule(
        names="APPLICATION_KEY",
        expected=KEY_OR_LONGER,
        is_broken=lambda s: is_short(s.application),
        it_is="empty, or shorter",
    ),
)
HSM_RULES: tuple[Rule[HsmSettings], ...] = (
    Rule(
        names="HSM_LIBRARY",
        expected="the name or the path of a library",
        is_broken=lambda s: not s.library.strip(),
        it_is="empty",
    ),
)
