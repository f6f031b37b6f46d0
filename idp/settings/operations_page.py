"""Contains who sees the administrators' page, and where. Not here: the listener beside it (`operations`)."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from idp.settings.addresses import is_ip
from idp.settings.declared import duration, number, seconds, setting
from idp.settings.faults import Rule

_LAST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsPageSettings:
    """The administrators' page."""

    PREFIX: ClassVar[str] = "OPERATIONS_PAGE_"

    is_shown: bool = setting(
        "Whether `/` of the operations listener of `idp serve` shows it, to this machine alone.",
        True,
        name="OPERATIONS_PAGE",
    )
    port: int = number(
        "Its port over TLS, for administrators who have a certificate. 0: there is none, and the page is for this "
        "machine alone.",
        0,
        least=0,
        most=_LAST_PORT,
    )
    host: str = setting("IP address of that port.", "127.0.0.1")
    certificate_file: Path | None = setting("Its certificate: PEM, the whole chain.", None)
    key_file: Path | None = setting("Key of that certificate: PEM, without password.", None)
    authorities_file: Path | None = setting(
        "Who has a certificate of these authorities (PEM) sees the page: let them be for nothing else.", None
    )
    counted_every: timedelta = duration(
        "How old its numbers of the last day may be.", seconds(60), most=seconds(3600)
    )
    people_counted_every: timedelta = duration(
        "And how old the number of people who accepted the charter, which looks at every account.",
        seconds(15 * 60),
        most=seconds(24 * 3600),
    )


RULES: tuple[Rule[OperationsPageSettings], ...] = (
    Rule(
        names="OPERATIONS_PAGE_HOST",
        expected="an IP address",
        is_broken=lambda s: not is_ip(s.host),
        it_is="something else",
    ),
    Rule(
        names="OPERATIONS_PAGE_PORT",
        expected="0, or with it CADUCEE_OPERATIONS_PAGE_CERTIFICATE_FILE, _KEY_FILE and _AUTHORITIES_FILE",
        is_broken=lambda s: bool(s.port) and None in (s.certificate_file, s.key_file, s.authorities_file),
        it_is="set without one of them",
        beside="OPERATIONS_PAGE_CERTIFICATE_FILE OPERATIONS_PAGE_KEY_FILE OPERATIONS_PAGE_AUTHORITIES_FILE",
    ),
    Rule(
        names="OPERATIONS_PAGE_PORT",
        expected="0, or CADUCEE_OPERATIONS_PAGE=true with it",
        is_broken=lambda s: bool(s.port) and not s.is_shown,
        it_is="set where the page is not shown",
        beside="OPERATIONS_PAGE",
    ),
)
