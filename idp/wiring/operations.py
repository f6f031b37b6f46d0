"""Contains the operations listener, built, and the numbers that the processes of a service share.

Not here: what is wrong (`readiness`), what is looked up (`readings`).
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import structlog

from idp.adapters.operations.meter_file import MeterFiles, NoRoom, directory_of
from idp.adapters.operations.watched import WatchedRequests, Wsgi
from idp.core.meters import share_meters
from idp.core.readiness import Readiness, Verdict
from idp.core.readings import Reading
from idp.settings import Settings
from idp.wiring.parts import Parts
from idp.wiring.readiness import build_readiness
from idp.wiring.readings import readings
from idp.wiring.resources import build_clock_watch

log = structlog.get_logger()

Readings = Callable[[Verdict], Iterable[Reading]]


def share_numbers(settings: Settings, service: int | None = None) -> Path | None:
    """Count from now on where the other processes of this service do, and return the directory; None: there is no
    listener, or no room. `service`: the number of the process that started them all."""
    if not settings.operations.port:
        return None
    directory = directory_of(os.getppid() if service is None else service)
    try:
        share_meters(MeterFiles(directory).place)
    except NoRoom as fault:
        log.error("meters_not_shared", reason=str(fault))
        return None
    return directory


def open_operations(parts: Parts, directory: Path | None) -> None:
    """Serve it beside the requests of this process, if the settings want it."""
    told = parts.settings.operations
    if told.port:
        watch = build_clock_watch(parts.resources)
        serve(
            told.host,
            told.port,
            build_readiness(parts, watch),
            lambda verdict: readings(parts, verdict, watch),
            directory,
        )


def watched(served: Wsgi, addresses: Iterable[tuple[str, str]]) -> Wsgi:
    """Returns what is served, with each request timed. `addresses`: methods and paths that have a number of their
    own."""
    return WatchedRequests(served, addresses)


def serve(host: str, port: int, readiness: Readiness, looked_up: Readings, directory: Path | None) -> None:
    """Raises OSError: the address cannot be had."""
    # Only now: without a listener no process loads an HTTP server of the standard library.
    from idp.adapters.operations.listener import Answer, json_answer, serve_operations, text_answer

    def ready(query: str) -> Answer:
        verdict = readiness.judge()
        status = 200 if verdict.is_ready else 503
        if query == "verbose":
            return text_answer("".join(f"{line}\n" for line in (verdict.status, *verdict.lines)), status)
        return json_answer(_document(verdict), status)

    def metrics(query: str) -> Answer:
        from idp.adapters.operations.exposition import CONTENT_TYPE, exposition

        told = exposition(directory, looked_up(readiness.judge()))
        return Answer(200, told, CONTENT_TYPE)

    serve_operations(
        host,
        port,
        {"/livez": lambda query: json_answer({"status": "alive"}), "/readyz": ready, "/metrics": metrics},
    )


def _document(verdict: Verdict) -> dict[str, Any]:
    wrong = [
        {"what": fault.check.name, "makes": str(fault.check.makes), "says": fault.says}
        for fault in verdict.faults
    ]
    return {"status": str(verdict.status), "wrong": wrong, "lines": list(verdict.lines)}
