"""Contains the operations listener, built, and the numbers that the processes of a service share.

Not here: what is wrong (`readiness`), what is looked up (`readings`).
"""

import atexit
import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import structlog

from idp.adapters.operations.meter_file import MeterFiles, NoRoom, directory_of, forget, forget_the_dead
from idp.adapters.operations.watched import WatchedRequests, Wsgi
from idp.adapters.sql.clock_watch import ClockWatch
from idp.core.clock import SystemClock
from idp.core.meters import share_meters
from idp.core.readiness import Readiness, Verdict
from idp.core.readings import Reading
from idp.settings import Settings, bad_setting
from idp.wiring.parts import Parts
from idp.wiring.readiness import node_checks, store_checks
from idp.wiring.readings import node_readings, readings
from idp.wiring.resources import Resources, build_clock_watch

if TYPE_CHECKING:
    from idp.adapters.operations.listener import Endpoint, Question
    from idp.adapters.operations.traces import Traces

log = structlog.get_logger()

Readings = Callable[[Verdict], Iterable[Reading]]


def share_numbers(settings: Settings, service: int | None = None) -> Path | None:
    """Count from now on where the other processes of this service do, and return the directory; None: there is no
    listener, or no room. `service`: the number of the process that started them all."""
    told = settings.operations
    if not (told.port or told.worker_port or told.card_host_port):
        return None
    directory = directory_of(os.getppid() if service is None else service)
    forget_the_dead(SystemClock().now().timestamp())
    try:
        share_meters(MeterFiles(directory).place)
    except NoRoom as fault:
        log.error("meters_not_shared", reason=str(fault))
        return None
    return directory


def open_operations(parts: Parts, directory: Path | None, readiness: Readiness, watch: ClockWatch) -> None:
    """Serve it beside the requests of this process, if the settings want it."""
    told, page = parts.settings.operations, parts.settings.operations_page
    pages: Mapping[str, Endpoint] = {}
    if page.is_shown and (told.port or page.port):
        pages = import_module("idp.wiring.operations_page").page_endpoints(parts, readiness, directory)
    if told.port:
        looked_up = partial(readings, parts, watch=watch)
        serve(told.host, told.port, readiness, looked_up, directory, pages)
    if page.port:
        import_module("idp.wiring.operations_page").serve_page(parts.settings, pages)


def open_operations_beside(resources: Resources, port: int) -> None:
    """The same of `idp worker` or `idp card-host`, which are services of one process. `port`: 0 for none."""
    told = resources.settings.operations
    if port:
        watch = build_clock_watch(resources)
        serve(
            told.host,
            port,
            Readiness((*store_checks(resources), *node_checks(resources, watch))),
            lambda _verdict: node_readings(resources, watch),
            share_numbers(resources.settings, os.getpid()),
        )
        atexit.register(forget, os.getpid())


def watched(served: Wsgi, addresses: Iterable[tuple[str, str]]) -> Wsgi:
    """Returns what is served, with each request timed. `addresses`: methods and paths that have a number of their
    own."""
    return WatchedRequests(served, addresses)


def traced(settings: Settings, served: Wsgi) -> Wsgi:
    """Returns what is served, traced if the settings want it. Raises BadSetting: the packages for it are not there."""
    told = settings.operations
    if not told.traces:
        return served
    traces: Traces = _traces_module().Traces(told.traces, share=told.traced / 100, clock=SystemClock())
    return traces.around(served)


def require_operations(settings: Settings) -> None:
    """Raises OSError: another program has the port; BadSetting: the packages for traces are not there."""
    told, page = settings.operations, settings.operations_page
    require_free = import_module("idp.adapters.operations.listener").require_operations_free
    if told.port:
        require_free(told.host, told.port)
    if page.port:
        require_free(page.host, page.port, "OPERATIONS_PAGE_")
        import_module("idp.wiring.operations_page").require_page_tls(settings)
    if told.traces:
        _traces_module()


def _traces_module() -> Any:
    """Raises BadSetting."""
    try:
        return import_module("idp.adapters.operations.traces")
    except ImportError as error:
        expected = "empty, or with the packages of `caducee[traces]`"
        raise bad_setting("OPERATIONS_TRACES", f"{expected}; {error.name} is not there") from error


def serve(
    host: str,
    port: int,
    readiness: Readiness,
    looked_up: Readings,
    directory: Path | None,
    pages: Mapping[str, "Endpoint"] = MappingProxyType({}),
) -> None:
    """Raises OSError: the address cannot be had."""
    # Only now: a process without a listener has no use for it.
    from idp.adapters.operations.listener import Answer, json_answer, serve_operations, text_answer

    def ready(question: "Question") -> Answer:
        verdict = readiness.judge()
        status = 200 if verdict.is_ready else 503
        if question.query == "verbose":
            return text_answer("".join(f"{line}\n" for line in (verdict.status, *verdict.lines)), status)
        return json_answer(_document(verdict), status)

    def metrics(question: "Question") -> Answer:
        from idp.adapters.operations.exposition import CONTENT_TYPE, exposition

        told = exposition(directory, looked_up(readiness.judge()))
        return Answer(200, told, CONTENT_TYPE)

    def alive(question: "Question") -> Answer:
        return json_answer({"status": "alive"})

    serve_operations(host, port, {**pages, "/livez": alive, "/readyz": ready, "/metrics": metrics})


def _document(verdict: Verdict) -> dict[str, Any]:
    wrong = [
        {"what": fault.check.name, "makes": str(fault.check.makes), "says": fault.says}
        for fault in verdict.faults
    ]
    return {"status": str(verdict.status), "wrong": wrong, "lines": list(verdict.lines)}
