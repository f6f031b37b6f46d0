"""Contains the password: its rules, tries and hash. Not here: applying them (`accounts/password`, `throttle`)."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from idp.settings.declared import duration, number, seconds, setting
from idp.settings.faults import Rule
from idp.settings.keys import KEY_OR_LONGER, is_short

_VALUES = "facts/security §0.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordSettings:
    """The password."""

    PREFIX: ClassVar[str] = "PASSWORD_"

    door: bool = setting(
        "People may sign in with a password and a mail code; false closes it everywhere, and the enrolment asks for no "
        "password. Opened later, a person without one chooses it in « Mon compte » after card or Pro Santé Connect.",
        True,
    )
    pepper: str = setting(
        "32 random bytes in base64url, outside the database: mixed into every password before argon2id. The same on "
        "every node; a lost one voids every password.",
        is_secret=True,
        source="facts/security PW4",
    )
    min: int = number("Shortest password, in code points.", 15, least=8, source=_VALUES)
    max: int = number("Longest password accepted, in code points.", 128, least=64, most=4096, source=_VALUES)
    own: int = number(
        "Characters of a new password that are neither known of the person nor guessed by anybody: names, addresses, "
        "profession, rows of keys, dates, repetitions, commonplaces. Never more than PASSWORD_MIN.",
        10,
        least=4,
        source=_VALUES,
    )
    leaked_file: Path | None = setting(
        "Passwords that nobody may have, beside those that this service knows: leaked ones, one a line, UTF-8, 4 MiB "
        "at most; shorter than PASSWORD_MIN they are skipped. Read at the start. Whoever has one already chooses "
        "another at the next sign-in by password. Not set: no such list.",
        None,
        source="facts/security PW1",
    )
    activation_life: timedelta = duration(
        "The code of `idp accounts activate`.",
        seconds(24 * 3600),
        most=seconds(7 * 24 * 3600),
        name="ACTIVATION_LIFE",
        source="docs/adr/0044",
    )
    free_tries: int = number(
        "Failures before the first wait; 0: at once as with 1, and twice as long.", 5, least=0, source=_VALUES
    )
    first_wait: timedelta = duration("The first wait, then doubled.", seconds(61), source=_VALUES)
    tries_per_day: int = number("Tries of one person from one device in 24 h.", 25, source=_VALUES)
    failures_in_a_row: int = number(
        "Failures of one person in a row, in 30 days: then the password is closed. Browsers in which it was never "
        "right may use up half of them, one in which it was a quarter.",
        100,
        least=4,
        source=_VALUES,
    )
    posts_per_network: int = number(
        "Password forms from one address.", 200, name="PASSWORD_POSTS_PER_IP", source=_VALUES
    )
    network_window: timedelta = duration(
        "In so long.", seconds(60), name="PASSWORD_POSTS_PER_IP_WINDOW", source=_VALUES
    )
    argon2_time: int = number("Passes of argon2id.", 2, most=1000, name="ARGON2_TIME", source=_VALUES)
    argon2_memory_kib: int = number(
        "Memory of one hash, in KiB.",
        19456,
        least=8,
        most=4 * 1024 * 1024,
        name="ARGON2_MEMORY_KIB",
        source=_VALUES,
    )
    argon2_parallelism: int = number(
        "Lanes of one hash.", 1, most=64, name="ARGON2_PARALLELISM", source=_VALUES
    )
    hash_queue: int = number(
        "Sign-ins that may wait for a hash in one process; with those under way never more than half of its threads.",
        50,
        least=0,
        name="HASH_QUEUE",
        source="facts/security §4.5",
    )

    @property
    def failures_of_strangers(self) -> int:
        """Returns the share of `failures_in_a_row` that browsers may use up in which the password was never right."""
        return self.failures_in_a_row // 2

    @property
    def failures_of_one_browser(self) -> int:
        """Returns the share of one browser in which it was."""
        return self.failures_in_a_row // 4


RULES: tuple[Rule[PasswordSettings], ...] = (
    Rule(
        names="PASSWORD_PEPPER",
        # Only its length: a pepper that counted before with spaces or line ends is in every hash.
        expected=KEY_OR_LONGER,
        is_broken=lambda s: is_short(s.pepper),
        it_is="empty, or shorter",
    ),
    Rule(
        names="PASSWORD_MIN",
        expected="PASSWORD_MAX or less",
        is_broken=lambda s: s.min > s.max,
        it_is="more",
        beside="PASSWORD_MAX",
    ),
    Rule(
        names="ARGON2_MEMORY_KIB",
        expected="8 times ARGON2_PARALLELISM or more (RFC 9106 §3.1)",
        is_broken=lambda s: s.argon2_memory_kib < 8 * s.argon2_parallelism,
        it_is="less",
        beside="ARGON2_PARALLELISM",
    ),
)
