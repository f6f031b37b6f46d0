"""A line of the log: what its own members are worth."""

import io
import json
import subprocess
import sys
from typing import Any

import structlog

from idp.core.logs import PROCESSORS, RESERVED
from tests.commands import ROOT


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


_PROGRAM = """
import gc, logging, threading, warnings
from idp.core.logs import configure_logging, log_what_nobody_caught
configure_logging()
log_what_nobody_caught()
logging.getLogger("library").warning("a %s\\nof two lines", "fact")
logging.getLogger("library").info("not told")
try:
    raise ValueError("caught")
except ValueError:
    logging.getLogger("library").exception("failed")
warnings.warn("an old way", UserWarning)
def fail():
    password = "violon tambour"
    raise KeyError("thread")
thread = threading.Thread(target=fail, name="a lane")
thread.start()
thread.join()
class Careless:
    def __del__(self):
        raise OSError("of the end")
Careless()
gc.collect()
raise RuntimeError("the last")
"""


def test_every_line_of_a_process_is_json_whoever_wrote_it() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "violon" not in ended.stderr
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    kinds = [
        (line["event"], line["level"], *(one["exc_type"] for one in line.get("exception", ())))
        for line in lines
    ]
    assert kinds == [
        ("a fact\nof two lines", "warning"),
        ("failed", "error", "ValueError"),
        ("python_warning", "warning"),
        ("uncaught", "critical", "KeyError"),
        ("uncaught", "error", "OSError"),
        ("uncaught", "critical", "RuntimeError"),
    ]
    assert lines[0]["logger"] == "library"
    assert lines[3]["thread"] == "a lane"
