"""Contains what an operator's monitoring is told, and where. Not here: logs, the audit trail."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from idp.settings.addresses import is_ip, is_web_without_user
from idp.settings.declared import duration, number, seconds, setting
from idp.settings.faults import Rule

_LAST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsSettings:
    """What the operator's monitoring sees."""

    PREFIX: ClassVar[str] = "OPERATIONS_"

    host: str = setting(
        "IP address of the operations listener (`/livez`, `/readyz`, `/metrics`). It asks nobody who they are: beyond "
        "this machine, let only your monitoring reach it.",
        "127.0.0.1",
    )
    port: int = number("Its port, of `idp serve`. 0: no listener.", 0, least=0, most=_LAST_PORT)
    worker_port: int = number("Its port, of `idp worker`. 0: no listener.", 0, least=0, most=_LAST_PORT)
    card_host_port: int = number("Its port, of `idp card-host`. 0: no listener.", 0, least=0, most=_LAST_PORT)
    mail_backlog: timedelta = duration(
        "A mail that waits longer makes the node « degraded », and pages say that mails are late: its code ends soon.",
        seconds(2 * 60),
    )
    notice_backlog: timedelta = duration(
        "So does a logout notice that is due and waits longer.", seconds(10 * 60)
    )
    disk_free: int = number("So does a disk that has less of itself free, in percent.", 5, least=0, most=99)
    client_credentials: timedelta = duration(
        "A secret, key or certificate of a relying party is told of for so long before it ends: in the log, each day "
        "and when it is used.",
        seconds(30 * 24 * 3600),
    )
    backup_age: timedelta = duration(
        "`idp doctor` is amber where the newest backup is older.", seconds(26 * 3600)
    )
    certificates: timedelta = duration(
        "So is it for so long before a certificate of ours ends.", seconds(30 * 24 * 3600)
    )
    key_age: timedelta = duration("And where a signing key signs for longer.", seconds(400 * 24 * 3600))
    traces: str = setting(
        "Traces are sent there by OTLP over HTTP: `http://collector:4318/v1/traces`. Empty: none are made. Needs the "
        "packages of `caducee[traces]`.",
        "",
    )
    traced: int = number("Of so many requests in a hundred.", 100, least=0, most=100)


RULES: tuple[Rule[OperationsSettings], ...] = (
    Rule(
        names="OPERATIONS_HOST",
        expected="an IP address",
        is_broken=lambda s: not is_ip(s.host),
        it_is="something else",
    ),
    Rule(
        names="OPERATIONS_TRACES",
        expected="an http or https URL without user name, or empty",
        is_broken=lambda s: bool(s.traces) and not is_web_without_user(s.traces),
        it_is="something else",
    ),
)
