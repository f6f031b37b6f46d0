"""Looking at pages in a mode of the browser: a small screen, forced colours, paper, a style sheet that does not arrive.

Contains what a mode is and what the script beside (`modes.js`) says of pages in it. Not here: which modes are looked
at, how a page takes the place of another (`stage`).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from selenium import webdriver

from tests.browser import stage
from tests.limits import within

SCRIPT = Path(__file__).with_name("modes.js")
_LOOK = "const [keys, mode, done] = arguments; look(keys, mode).then(done, error => done(String(error)));"
#: Most pages are looked at in every mode: a page is handed over once, and its digest says which it is from then on.
_UNKNOWN = "window.known ??= {}; return arguments[0].filter(key => !(key in known));"
_KNOW = "Object.assign(known, arguments[0]);"
#: In one call of the driver.
_AT_ONCE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """`checks`: names in modes.js; `features` and `media`: as for `stage.pretend`.

    `style`: rules after those of the page; `is_bare`: without any style sheet; `is_blind`: no picture arrives.
    """

    checks: tuple[str, ...]
    size: tuple[int, int] = (1280, 800)
    media: str = ""
    features: Mapping[str, str] = field(default_factory=dict)
    style: str = ""
    is_bare: bool = False
    is_blind: bool = False


@contextmanager
def opened() -> Iterator[webdriver.Chrome]:
    with stage.opened() as driver:
        driver.execute_script(SCRIPT.read_text())
        driver.set_script_timeout(within(60))
        # As in the window that a person is in: what has the focus shows it.
        driver.execute_cdp_cmd("Emulation.setFocusEmulationEnabled", {"enabled": True})
        yield driver


def wrong(driver: webdriver.Chrome, mode: Mode, pages: Sequence[tuple[str, str]]) -> list[str]:
    """Returns what is wrong with these pages (name, HTML) in this mode: page, check, element."""
    stage.sized(driver, *mode.size)
    stage.pretend(driver, mode.media, **mode.features)
    told: list[str] = []
    script = {"checks": mode.checks, "style": mode.style, "isBare": mode.is_bare, "isBlind": mode.is_blind}
    for start in range(0, len(pages), _AT_ONCE):
        part = {
            f"{name} {sha256(html.encode()).hexdigest()}": html for name, html in pages[start:][:_AT_ONCE]
        }
        unknown = driver.execute_script(_UNKNOWN, list(part))
        driver.execute_script(_KNOW, {key: part[key] for key in unknown})
        answer: Any = driver.execute_async_script(_LOOK, list(part), script)
        assert isinstance(answer, list), answer
        told += answer
    return told
