"""The lines that this thread logs: threads that an earlier test started may still write theirs."""

import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog
from structlog.testing import capture_logs


@contextmanager
def logged_here() -> Iterator[list[MutableMapping[str, Any]]]:
    here = threading.get_ident()

    def of_this_thread(
        _logger: object, _method: str, line: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        if threading.get_ident() != here:
            raise structlog.DropEvent
        return line

    with capture_logs(processors=[of_this_thread]) as lines:
        yield lines
