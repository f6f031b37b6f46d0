"""Contains how a person's e-mail address is changed and proved again. Not here: the relay (`mail`), the code
(`mail_code`)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from idp.settings.declared import duration, seconds, setting
from idp.settings.faults import Rule

_VALUES = "facts/security §0.2"
_DAY = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailSettings:
    """The e-mail address."""

    PREFIX: ClassVar[str] = "EMAIL_"

    change_life: timedelta = duration(
        "A new address waits so long for its code; a code lives shorter and may be asked for again.",
        seconds(3600),
        most=seconds(_DAY),
        limits="1 to 86400 seconds (24 h)",
        source=_VALUES,
    )
    change_undo_life: timedelta = duration(
        "The former address may close the password door (« ce n'était pas moi ») for so long after a change.",
        seconds(72 * 3600),
        source=_VALUES,
    )
    proved_again_after: timedelta = duration(
        "An address proved longer ago is proved again at the next sign-in by card or Pro Santé Connect. 0: never.",
        seconds(365 * _DAY),
        least=0,
    )
    put_off_for: timedelta = duration(
        "« Plus tard » holds for so long, once; then it is offered only while no code can be sent.",
        seconds(7 * _DAY),
        least=0,
    )
    offer_life: timedelta = duration(
        "An address noted by `idp accounts set-email` is asked about for so long, after a card or Pro Santé Connect.",
        seconds(14 * _DAY),
        source="docs/adr/0063",
    )
    shared: bool = setting(
        "One address may be that of several accounts (the mailbox of a practice). A mail code proves nothing there: "
        "the password door of each of these accounts is closed unless the person has a passkey, which then follows the "
        "password. Off again later: nobody else comes to such an address, and those who share it stay as they are.",
        False,
        name="SHARED_MAILBOXES",
        source="docs/adr/0045",
    )


RULES: tuple[Rule[EmailSettings], ...] = ()
