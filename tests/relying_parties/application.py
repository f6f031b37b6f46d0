"""An application of a page, started as the page says, on the ports that it names.

Contains the files, the process and its end. Not here: the person (`run`).
"""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import BAD_REQUEST
from pathlib import Path

import requests

from tests.limits import within
from tests.relying_parties.page import Page

_START_SECONDS = 60
_ANSWER_SECONDS = 10
_END_SECONDS = 20


_PRINTED = re.compile(r"https?://\S+/authorize\?\S+")


class DidNotStart(Exception):
    """The application ended or answers nothing. The message is the end of what it wrote."""


@dataclass(frozen=True, slots=True)
class Application:
    """`opened`: the address that a person opens."""

    process: "subprocess.Popen[bytes]"
    log: Path
    opened: str

    @property
    def written(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def all_written(self) -> str:
        """When it has ended by itself."""
        self.process.wait(within(_END_SECONDS))
        return self.written


@contextmanager
def running(page: Page, directory: Path, variables: Mapping[str, str]) -> Iterator[Application]:
    """Raises DidNotStart."""
    for name, text in page.files.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    directory.chmod(0o755)  # a web server reads it as another user
    log = directory / "log.txt"
    with log.open("w") as written:
        process = subprocess.Popen(
            ["bash", "-euc", page.run],
            cwd=directory,
            env={"HOME": str(directory), "LANG": "C.UTF-8", **variables},
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield Application(process, log, _wait(process, page.opened, log))
        finally:
            _end(process)
            _kill_in(directory)


def _wait(process: "subprocess.Popen[bytes]", url: str | None, log: Path) -> str:
    """Returns the address that a person opens, once somebody answers there."""
    deadline = time.monotonic() + within(_START_SECONDS)
    while time.monotonic() < deadline and process.poll() is None:
        printed = _PRINTED.search(log.read_text("utf-8", "replace"))
        if url is None and printed:
            return printed[0]
        if url is not None and _is_answered(url):
            return url
        time.sleep(0.2)
    raise DidNotStart(log.read_text("utf-8", "replace")[-2000:])


def _is_answered(url: str) -> bool:
    """Behind a proxy of its own, an application answers 404 or 503 before it is there."""
    with suppress(requests.RequestException):
        return requests.get(url, allow_redirects=False, timeout=_ANSWER_SECONDS).status_code < BAD_REQUEST
    return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Let it end what it started in turn, then all that is left of its group."""
    for number, seconds in ((signal.SIGTERM, _END_SECONDS), (signal.SIGKILL, 5)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(within(seconds))


def _kill_in(directory: Path) -> None:
    """What an application started in a session of its own, as JupyterHub its proxy, works where it was started."""
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (place / "cwd").readlink() == directory:
                os.kill(int(place.name), signal.SIGKILL)
