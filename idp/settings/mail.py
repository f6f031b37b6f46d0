"""Contains the operator's mail relay. Not here: the code sent by mail (`mail_code`)."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from idp.settings.addresses import is_mailbox, is_resolved_host
from idp.settings.declared import duration, number, seconds, setting
from idp.settings.faults import Rule

#: Where a relay greets in the clear (RFC 5321 §4.5.4.2, RFC 6409 §3.1), and where it speaks TLS first (RFC 8314 §3.3).
_GREETING_PORTS = (25, 587)
_TLS_PORT = 465
_WITH_TLS = "with CADUCEE_SMTP_TLS=starttls or implicit only"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """Mail."""

    PREFIX: ClassVar[str] = "SMTP_"

    host: str = setting("The relay.", "127.0.0.1")
    port: int = number("Its port.", 25, most=65535)
    tls: str = setting(
        "TLS to the relay, whose certificate is verified: `starttls`, asked for after its greeting; `implicit`, from "
        "the first byte (port 465); `none`, for a relay on this machine.",
        "none",
        choices=("none", "starttls", "implicit"),
    )
    ca_file: Path | None = setting(
        "Authorities of its certificate, PEM, in place of the system's: a hospital has its own.", None
    )
    username: str = setting("Empty: without.", "")
    password: str = setting("Of that user name; only sent over TLS.", "", is_secret=True)
    connections: int = number(
        "So many mails are sent at once, each on a connection that is kept open.", 4, most=50
    )
    within: timedelta = duration(
        "A mail is handed over to the relay within so long, or tried again later; the worker ends no sooner.",
        seconds(20),
        most=seconds(20),
    )
    sender: str = setting(
        "`name@domain`, or `Shown name <name@domain>`. Without a shown name: `OPERATOR_NAME`.",
        "Caducée <ne-pas-repondre@localhost>",
        name="MAIL_SENDER",
    )
    notice_life: timedelta = duration(
        "A notice about the account that could not be sent for so long is dropped.",
        seconds(3 * 24 * 3600),
        name="NOTICE_LIFE",
    )
    dead_kept: timedelta = duration(
        "So long `idp mails list` shows a mail that was given up.",
        seconds(30 * 24 * 3600),
        name="DEAD_MAILS_KEPT",
    )
    charter_receipt: bool = setting(
        "Send a receipt by mail for each charter accepted. `false`: the operator hands over what was agreed otherwise.",
        True,
        name="CHARTER_RECEIPT",
    )
    new_browser: bool = setting(
        "A mail tells a person that they signed in with a browser that they had not used before; none about a station "
        "of `SHARED_STATIONS`.",
        True,
        name="NEW_BROWSER_NOTICE",
    )
    new_browser_after: timedelta = duration(
        "So long after it: one mail tells of all such sign-ins until then.",
        seconds(5 * 60),
        most=seconds(24 * 3600),
        name="NEW_BROWSER_NOTICE_AFTER",
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
        expected=f"{_WITH_TLS}: a password is sent over TLS alone",
        is_broken=lambda s: bool(s.username) and s.tls == "none",
        it_is="set without it",
        beside="SMTP_TLS",
    ),
    Rule(
        names="SMTP_CA_FILE",
        expected=_WITH_TLS,
        is_broken=lambda s: s.ca_file is not None and s.tls == "none",
        it_is="set without it",
        beside="SMTP_TLS",
    ),
    Rule(
        names="SMTP_TLS",
        expected="implicit with CADUCEE_SMTP_PORT=465, where a relay speaks TLS from the first byte",
        is_broken=lambda s: s.port == _TLS_PORT and s.tls != "implicit",
        it_is="another one",
        beside="SMTP_PORT",
    ),
    Rule(
        names="SMTP_TLS",
        expected="starttls or none with CADUCEE_SMTP_PORT=25 or 587; implicit is for 465",
        is_broken=lambda s: s.port in _GREETING_PORTS and s.tls == "implicit",
        it_is="implicit",
        beside="SMTP_PORT",
    ),
)
