"""Where the lines of the audit trail go: the standard output, a file, a syslog server.

Contains the first two, and which place a setting means. Not here: a syslog server (`syslog`), when they are sent
(`lines`).
"""

import errno
import os
import stat
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from idp.adapters.audit_lines.syslog import NOBODY, Syslog, Trust, sent_of, syslog
from idp.core.audit_record import AuditRecord


@dataclass(slots=True)
class Output:
    """The standard output, for the container or the unit that collects it."""

    def send(self, records: Sequence[AuditRecord]) -> int:
        for record in records:
            # One write each: those of several processes on one pipe are not mixed then.
            sys.stdout.write(f"{record.line()}\n")
            sys.stdout.flush()
        return len(records)

    def settle(self) -> None:
        """It has what was written."""


@dataclass(slots=True)
class File:
    """Appended to, mode 0600. Opened anew for each batch: it may be rotated by renaming."""

    path: Path
    _is_cut: bool = False

    def send(self, records: Sequence[AuditRecord]) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
        descriptor = os.open(self.path, flags, stat.S_IRUSR | stat.S_IWUSR)
        try:
            return sent_of(records, lambda record: self._write(descriptor, record))
        finally:
            os.close(descriptor)

    def settle(self) -> None:
        """It has what was written."""

    def _write(self, descriptor: int, record: AuditRecord) -> None:
        """Raises OSError. A line that the end of the disk cut in two is sent again, after a line end."""
        line = f"{chr(10) if self._is_cut else ''}{record.line()}\n".encode()
        written = os.write(descriptor, line)
        if written < len(line):
            self._is_cut = self._is_cut or written > 0
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._is_cut = False


def place_of(setting: str, node: str, trust: Trust = NOBODY) -> Output | File | Syslog:
    """Returns the place that `CADUCEE_AUDIT_LINES` names: `stdout`, `file:/path`, `udp:host:port` and so on.

    `trust`: of a server by TLS.
    """
    kind, _, rest = setting.partition(":")
    made = _PLACES.get(kind)
    return syslog(kind, rest, node, trust) if made is None else made(rest)


_PLACES: Mapping[str, Callable[[str], Output | File]] = {
    "stdout": lambda _rest: Output(),
    "file": lambda rest: File(Path(rest)),
}
