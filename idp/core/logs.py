"""How a process that goes on logs: one JSON line per event, on stderr, whoever wrote it.

Contains the lines of this code, of libraries by `logging`, of warnings, and of exceptions that nobody caught. Not here:
what a command answers to whoever typed it.
"""

import logging
import sys
import threading
import warnings
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TextIO

import structlog

#: The members that are this module's in every line. A fact of an event that bears such a name is set beside them.
RESERVED = frozenset({"event", "level", "timestamp", "exception"})


def set_aside(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Returns the line with each fact of a reserved name under another: an alarm goes by `level`, and no fact may
    change it, nor be lost to it."""
    # `event` is the line's own first argument: a fact of that name is refused by Python itself.
    for name in (RESERVED - {"event"}) & line.keys():
        line[f"{name}_told"] = line.pop(name)
    return line


PROCESSORS: tuple[structlog.types.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    set_aside,  # before the next two write their own
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    # No local variables in a stack trace: they hold forms, and forms hold passwords.
    structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
    structlog.processors.JSONRenderer(),
)


def configure_logging() -> None:
    """Log JSON lines on stderr. Values are encoded, so that no input can forge a line (facts/security LG2)."""
    handler = logging.StreamHandler()
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    structlog.configure(
        processors=list(PROCESSORS),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


@contextmanager
def silent_logs() -> Iterator[None]:
    """For a command whose answer says all that a log would."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


def log_what_nobody_caught() -> None:
    """Make a JSON line of each warning and of each exception that ends a thread or this process."""
    log = structlog.get_logger()

    def end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.critical("uncaught", exc_info=(kind, error, trace))

    def end_of_thread(ended: threading.ExceptHookArgs) -> None:
        if ended.exc_value is not None:
            name = ended.thread.name if ended.thread else ""
            log.critical("uncaught", thread=name, exc_info=ended.exc_value)

    def ignored(told: Any) -> None:
        log.error("uncaught", where=repr(told.object), exc_info=told.exc_value)

    def warned(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        log.warning(
            "python_warning", warning=str(message), kind=category.__name__, where=f"{filename}:{lineno}"
        )

    sys.excepthook, threading.excepthook, sys.unraisablehook = end, end_of_thread, ignored
    warnings.showwarning = warned


class _JsonLines(logging.Formatter):
    """The lines of libraries, as ours are."""

    def format(self, record: logging.LogRecord) -> str:
        line: Any = {"logger": record.name, "event": record.getMessage()}
        if record.exc_info:
            line["exc_info"] = record.exc_info
        for process in PROCESSORS:
            line = process(None, record.levelname.lower(), line)
        return str(line)
