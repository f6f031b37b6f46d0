"""Contains the limits of the code sent by mail. Not here: the code (`accounts/email_otp`), the relay (`mail`)."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from idp.settings.declared import duration, number, seconds, setting
from idp.settings.faults import Rule

_VALUES = "facts/security §0.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailCodeSettings:
    """The mail code."""

    PREFIX: ClassVar[str] = "MAIL_CODE_"

    life: timedelta = duration("A code.", seconds(10 * 60), source=_VALUES)
    digits: int = number("Its length.", 8, least=6, most=12, source=_VALUES)
    tries: int = number("Tries of one code.", 5, source=_VALUES)
    failures_per_day: int = number(
        "Wrong codes of one person in 24 h; then the door is closed for 24 h.", 20, source=_VALUES
    )
    per_minute: int = number(
        "Codes for one person in a minute.", 1, name="MAIL_CODES_PER_MINUTE", source=_VALUES
    )
    per_hour: int = number("In an hour.", 5, name="MAIL_CODES_PER_HOUR", source=_VALUES)
    per_day: int = number("In a day.", 10, name="MAIL_CODES_PER_DAY", source=_VALUES)
    per_network: int = number(
        "Codes asked for from one address.", 600, name="MAIL_CODES_PER_IP", source=_VALUES
    )
    network_window: timedelta = duration(
        "In so long.", seconds(5 * 60), name="MAIL_CODES_PER_IP_WINDOW", source=_VALUES
    )
    fixed: str = setting(
        "The code of every mail, for a certification suite: no second factor any more, so only on a loopback issuer.",
        "",
        is_secret=True,
    )


RULES: tuple[Rule[MailCodeSettings], ...] = (
    Rule(
        names="MAIL_CODE_FIXED",
        expected="as many digits as MAIL_CODE_DIGITS",
        is_broken=lambda s: not re.fullmatch(rf"(|[0-9]{{{s.digits}}})", s.fixed),
        it_is="something else",
        beside="MAIL_CODE_DIGITS",
    ),
)
