"""Lighthouse, asked about the page that a Chromium shows, with its cookies: accessibility and best practices.

Contains what it says of an address, as data (`tools/lighthouse.mjs` asks it). Not here: which pages.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver

from tests.limits import within

TOOLS = Path(__file__).with_name("tools")
NODE = Path(sys.executable).with_name("node")

Judge = Callable[[webdriver.Chrome, str, str], dict[str, Any]]


@contextmanager
def lighthouse() -> Iterator[Judge]:
    """`judge(driver, url, form)`, « desktop » or « mobile »: « scores » by category, « failed » audits, « shown »
    address."""
    process = subprocess.Popen(
        [NODE, "lighthouse.mjs"],
        cwd=TOOLS,
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def judge(driver: webdriver.Chrome, url: str, form: str) -> dict[str, Any]:
        address = str(driver.capabilities["goog:chromeOptions"]["debuggerAddress"])
        port = int(address.rpartition(":")[2])
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"port": port, "url": url, "form": form}) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        assert line, "Lighthouse died; its last words are above"
        return dict(json.loads(line))

    try:
        yield judge
    finally:
        process.communicate(timeout=within(20))
