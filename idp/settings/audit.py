"""Contains what the audit trail says of where an event comes from, and where its lines go. Not here: how long it is
kept (`lives`)."""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from idp.settings.declared import duration, seconds, setting
from idp.settings.faults import Rule

_DAY = 24 * 3600
_LINES = re.compile(
    r"stdout|file:/.+|unix:/.+|(udp|tcp|tls):([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}", re.ASCII
)
_LAST_PORT = 65535
_NODE = re.compile(r"[A-Za-z0-9-]{1,40}", re.ASCII)
_LONGEST_OPERATOR = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """The audit trail."""

    PREFIX: ClassVar[str] = "AUDIT_"

    lines: str = setting(
        "Where one line of JSON goes for each event, after its commit: `stdout` (not of commands, whose answer that "
        "is), `file:/path`, or a syslog server (RFC 5424) at `udp:host:port`, `tcp:host:port`, `tls:host:port` (RFC "
        "5425), `unix:/path`. Empty: nowhere; the rows in the database have all.",
        "",
    )
    lines_ca_file: Path | None = setting(
        "Authorities that a syslog server by TLS must be known by, PEM. Empty: those of the system.", None
    )
    lines_certificate_file: Path | None = setting("Our certificate for that server, PEM. Empty: none.", None)
    lines_key_file: Path | None = setting("Its key, PEM, without password.", None)
    address: str = setting(
        "The address of the caller in each event: `whole`; `network`, its /24 or /48; `none`.",
        "whole",
        choices=("whole", "network", "none"),
    )
    address_life: timedelta = duration(
        "How long that address is kept, by whole days; then it is erased from the rows, which stay verifiable.",
        seconds(365 * _DAY),
        least=_DAY,
        source="docs/adr/0048",
    )
    deleted_by: str = setting(
        "How old rows go: by `day`, each once it is too old; by `month`, with the last day of their month, which is "
        "much less work for PostgreSQL, and keeps them up to a month longer.",
        "day",
        choices=("day", "month"),
    )
    node: str = setting("The name of this machine in the chains of the trail. Empty: its host name.", "")
    operator: str = setting(
        "Who gives the commands of this environment, as the trail says it. Empty: who called sudo, else the login "
        "name. `idp --operator NAME` comes first.",
        "",
    )


def _has_bad_port(lines: str) -> bool:
    kind, _, rest = lines.partition(":")
    return kind in ("udp", "tcp", "tls") and not 0 < int(rest.rpartition(":")[2]) <= _LAST_PORT


def is_operator(name: str) -> bool:
    return 0 < len(name) <= _LONGEST_OPERATOR and name.isprintable() and not name.isspace()


RULES: tuple[Rule[AuditSettings], ...] = (
    Rule(
        names="AUDIT_LINES",
        expected="stdout, file:/path, udp:host:port, tcp:host:port, tls:host:port or unix:/path, or empty",
        is_broken=lambda s: bool(s.lines) and not _LINES.fullmatch(s.lines),
        it_is="something else",
    ),
    Rule(
        names="AUDIT_LINES",
        expected="a port from 1 to 65535",
        is_broken=lambda s: bool(_LINES.fullmatch(s.lines)) and _has_bad_port(s.lines),
        it_is="another",
    ),
    Rule(
        names="AUDIT_LINES_CERTIFICATE_FILE AUDIT_LINES_KEY_FILE",
        expected="both or neither",
        is_broken=lambda s: (s.lines_certificate_file is None) != (s.lines_key_file is None),
        it_is="one of them",
    ),
    Rule(
        names="AUDIT_NODE",
        expected="1 to 40 letters, digits and dashes, or empty",
        is_broken=lambda s: bool(s.node) and not _NODE.fullmatch(s.node),
        it_is="something else",
    ),
    Rule(
        names="AUDIT_OPERATOR",
        expected="one line of at most 64 signs, or empty",
        is_broken=lambda s: bool(s.operator) and not is_operator(s.operator),
        it_is="longer, or with a line break",
    ),
)
