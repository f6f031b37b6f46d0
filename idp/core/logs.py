"""How this process logs: one JSON line per event, on stderr."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

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
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    structlog.configure(
        processors=list(PROCESSORS),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
