"""One document of a Chromium in which page after page takes the place of the one before, in its style.

A page as it is rendered, without a server and without a load: a hundred of them cost as much as one that is opened.
Contains how a page takes its place, and what the browser pretends (size, colours, media). Not here: which pages,
what is measured of them.
"""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver

from tests.browser.conftest import plain_chromium

STATIC = Path(__file__).resolve().parents[2] / "idp" / "static"
#: The document, with its language, its head and its style sheets; neither scripts, which would need a server, nor
#: refreshes, which would leave. A sheet that is adopted needs no load and is there at once.
_TAKE = """
window.take = html => {
  const page = new DOMParser().parseFromString(html, "text/html");
  const named = [...page.querySelectorAll("link[rel=stylesheet]")].map(link => link.getAttribute("href"));
  document.adoptedStyleSheets = named.filter(name => name in sheets).map(name => sheets[name]);
  page.querySelectorAll("script, link, meta[http-equiv]").forEach(one => one.remove());
  page.querySelectorAll("iframe").forEach(box => box.setAttribute("src", "about:blank"));
  page.querySelectorAll("img").forEach(image => image.src = pictures[image.getAttribute("src")] || "data:,");
  document.documentElement.replaceWith(document.adoptNode(page.documentElement));
  window.scrollTo(0, 0);
};
window.sheets = {};
for (const [name, css] of Object.entries(arguments[0])) {
  sheets[name] = new CSSStyleSheet();
  sheets[name].replaceSync(css);
}
window.pictures = arguments[1];
"""


@contextmanager
def opened() -> Iterator[webdriver.Chrome]:
    """A Chromium that is set up."""
    driver = webdriver.Chrome(**plain_chromium())
    try:
        set_up(driver)
        yield driver
    finally:
        driver.quit()


def set_up(driver: webdriver.Chrome) -> None:
    """Afterwards the scripts of the driver have `take(html)`, until something else is opened."""
    sheets = {f"/static/{file.name}": file.read_text() for file in STATIC.glob("*.css")}
    pictures = {f"/static/{file.name}": _inline(file) for file in STATIC.glob("*.svg")}
    driver.get("data:text/html,<!DOCTYPE html><title>-</title>")
    driver.execute_script(_TAKE, sheets, pictures)


def sized(driver: webdriver.Chrome, width: int, height: int) -> None:
    """In CSS pixels: a zoom of 400 % makes 320 of 1280."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def pretend(driver: webdriver.Chrome, media: str = "", **features: str) -> None:
    """`features`: `prefers_color_scheme="dark"`; `media`: « print ». What is not named is as it was at the start."""
    named = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
    told: Mapping[str, Any] = {"media": media, "features": named}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", dict(told))


def _inline(picture: Path) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(picture.read_bytes()).decode()}"
