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

Judge = Callable[[str, str], dict[str, Any]]


@contextmanager
def lighthouse(driver: webdriver.Chrome) -> Iterator[Judge]:
    """`judge(url, form)`, « desktop » or « mobile »: « scores » by category, « failed » audits, « shown » address."""
    address = str(driver.capabilities["goog:chromeOptions"]["debuggerAddress"])
    process = subprocess.Popen(
        [NODE, "lighthouse.mjs", address.rpartition(":")[2]],
        cwd=TOOLS,
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def judge(url: str, form: str) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"url": url, "form": form}) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        assert line, "Lighthouse died; its last words are above"
        return dict(json.loads(line))

    try:
        yield judge
    finally:
        process.communicate(timeout=within(20))
