"""Contains the operator's mail relay. Not here: the code sent by mail (`mail_code`)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from idp.settings.addresses import is_mailbox, is_resolved_host
from idp.settings.declared import duration, number, seconds, setting
from idp.settings.faults import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """Mail."""

    PREFIX: ClassVar[str] = "SMTP_"

    host: str = setting("The relay.", "127.0.0.1")
    port: int = number("Its port.", 25, most=65535)
    starttls: bool = setting("TLS to the relay, whose certificate is verified.", False)
    username: str = setting("Empty: without.", "")
    password: str = setting("Of that user name; only sent over TLS.", "", is_secret=True)
    sender: str = setting(
        "`name@domain`, or `Shown name <name@domain>`.",
        "Caducée <ne-pas-repondre@localhost>",
        name="MAIL_SENDER",
    )
    notice_life: timedelta = duration(
        "A notice about the account that could not be sent for so long is dropped.",
        seconds(3 * 24 * 3600),
        name="NOTICE_LIFE",
    )


RULES: tuple[Rule[MailSettings], ...] = (
    Rule(
        names="SMTP_HOST",
        expected="a host name or an address, its port in CADUCEE_SMTP_PORT",
        is_broken=lambda s: not is_resolved_host(s.host),
        it_is="empty, or a URL, or with a port",
    ),
    Rule(
        names="MAIL_SENDER",
        expected="one address, name@domain or Shown name <name@domain>",
        is_broken=lambda s: not is_mailbox(s.sender),
        it_is="empty, several, or no address that every relay takes",
    ),
    Rule(
        names="SMTP_USERNAME",
        expected="together with CADUCEE_SMTP_PASSWORD, both or neither",
        is_broken=lambda s: bool(s.username) ^ bool(s.password),
        it_is="one of the two",
        beside="SMTP_PASSWORD",
    ),
    Rule(
        names="SMTP_USERNAME",
        expected="with CADUCEE_SMTP_STARTTLS=true only: a password is sent over TLS alone",
        is_broken=lambda s: bool(s.username) and not s.starttls,
        it_is="set without it",
        beside="SMTP_STARTTLS",
    ),
)
