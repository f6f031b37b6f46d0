"""Contains taking pictures: each exhibit takes its place in a Chromium, which then looks at it in each form.

Not here: which forms (`forms`), the sheet.
"""

import base64
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from selenium import webdriver

from idp.web.languages import Languages
from sandbox.style_guide.exhibits import MAILS, Exhibit, shown
from sandbox.style_guide.operator_files import operator_files
from tests.browser import stage
from tests.pictures.forms import LOOKED_AT, Form

#: In CSS pixels; the rest of a longer page is as its beginning.
_TALLEST = 6000
#: Beside those of the provider, which the stage has.
_GIVEN = """
for (const [path, [content, type]] of Object.entries(arguments[0]))
  if (type === "text/css") (sheets[path] = new CSSStyleSheet()).replaceSync(atob(content));
  else pictures[path] = `data:${type};base64,${content}`;
"""
_MEASURE = """
const root = document.documentElement;
const [out] = root.scrollWidth <= root.clientWidth ? [] : [...document.querySelectorAll("body *")]
  .filter(one => one.getBoundingClientRect().right > root.clientWidth + 0.5);
return [root.scrollWidth, Math.ceil(root.getBoundingClientRect().height), out ? out.outerHTML.slice(0, 160) : ""];
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """`out`: the beginning of an element that leaves the window, "" where none does."""

    exhibit: Exhibit
    form: Form
    file: Path
    height: int
    out: str


def take_all(exhibits: Sequence[Exhibit], spoken: Languages, target: Path, browsers: int) -> list[Picture]:
    """Take the pictures of all, with so many browsers beside each other; in their order."""
    with ThreadPoolExecutor(browsers) as pool:
        parts = [exhibits[number::browsers] for number in range(browsers)]
        taken = chain(*pool.map(lambda part: list(_take(part, spoken, target)), parts))
        ranks = {one.address: rank for rank, one in enumerate(exhibits)}
        return sorted(taken, key=lambda picture: ranks[picture.exhibit.address])


def _take(exhibits: Iterable[Exhibit], spoken: Languages, target: Path) -> Iterator[Picture]:
    given = {path: (base64.b64encode(file).decode(), kind) for path, (file, kind) in operator_files().items()}
    with stage.opened() as driver:
        driver.execute_script(_GIVEN, given)
        driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
        for exhibit in exhibits:
            driver.execute_script("take(arguments[0])", shown(exhibit, spoken))
            for form in LOOKED_AT[exhibit.tag]:
                if form.of_mails or exhibit.family != MAILS:
                    yield _picture(driver, exhibit, form, target)


def _picture(driver: webdriver.Chrome, exhibit: Exhibit, form: Form, target: Path) -> Picture:
    stage.sized(driver, form.width, form.height)
    stage.pretend(driver, form.media, **form.features)
    width, height, out = driver.execute_script(_MEASURE)
    height = min(max(height, form.height), _TALLEST)
    file = target / exhibit.tag / form.name / f"{exhibit.name}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    photograph(driver, file, width, height)
    return Picture(exhibit=exhibit, form=form, file=file, height=height, out=out)


def photograph(driver: webdriver.Chrome, file: Path, width: int, height: int) -> None:
    """Write what the document shows, beyond its window too."""
    window = driver.execute_script("return [innerWidth, innerHeight]")
    told: dict[str, Any] = {
        "format": "png",
        "optimizeForSpeed": True,
        # Asked for what is in the window already, Chromium shifts a page from right to left to the right.
        "captureBeyondViewport": [width, height] != window,
        "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1},
    }
    file.write_bytes(base64.b64decode(driver.execute_cdp_cmd("Page.captureScreenshot", told)["data"]))
