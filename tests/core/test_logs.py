"""A line of the log: what its own members are worth."""

import io
import json
from typing import Any

import structlog

from idp.core.logs import PROCESSORS, RESERVED


def told(**facts: Any) -> dict[str, Any]:
    """The line of an error with these facts."""
    written = io.StringIO()
    log = structlog.wrap_logger(structlog.WriteLogger(written), processors=list(PROCESSORS))
    log.error("alarm", **facts)
    line: dict[str, Any] = json.loads(written.getvalue())
    return line


def test_no_fact_overwrites_a_member_of_the_line_nor_is_lost_to_it() -> None:
    names = RESERVED - {"event"}
    line = told(**dict.fromkeys(names, "of the fact"))
    assert line["level"] == "error"
    assert line["timestamp"].startswith("20")
    assert "exception" not in line
    assert {line[f"{name}_told"] for name in names} == {"of the fact"}


def test_a_line_without_such_a_fact_is_as_it_was() -> None:
    assert told(detail="x").keys() == {"event", "level", "timestamp", "detail"}
