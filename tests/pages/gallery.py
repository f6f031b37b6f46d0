"""Pictures of every page state and every mail: `python -m tests.pages.gallery DIRECTORY [name-part]`.

Needs Chromium and its driver. Writes DIRECTORY/<fr|en>/<state>.html, the static files beside them, and one
PNG per state and width; mails and some pages also in dark.
"""

import base64
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from idp.web.catalogues import load_catalogues
from sandbox.style_guide.mails import FORMS, every_mail, written_state
from sandbox.style_guide.pages import every_state
from sandbox.style_guide.rendering import ROOT, TEMPLATES, environment
from sandbox.style_guide.state import LOCALES, frame

SIZES = {"desktop": (1280, 900, False), "phone": (390, 844, True)}


def render_all(target: Path) -> Iterator[Path]:
    """Yields each HTML file written."""
    catalogues, templates = load_catalogues(TEMPLATES), environment()
    for locale in LOCALES:
        folder = target / locale
        folder.mkdir(parents=True, exist_ok=True)
        t = catalogues.translator(locale)
        for state in every_state(locale):
            html = templates.get_template(state.template).render(
                frame=frame(state, locale), page=state.page, t=t
            )
            file = folder / f"{state.name.rstrip('!')}.html"
            # As without scripts, and no page goes on by itself: it would be gone before its picture.
            still = re.sub(r"<script.*?</script>", "", html.replace('http-equiv="refresh"', 'name="refresh"'))
            # Opened from disk: the absolute paths of the server become relative ones.
            file.write_text(still.replace('"/static/', '"../static/'), encoding="utf-8")
            yield file
        for mail in every_mail():
            for form in FORMS:
                file = folder / f"{mail.name}.{form}"
                file.write_text(written_state(form, locale, mail), encoding="utf-8")
            yield folder / f"{mail.name}.html"


def is_mail(file: Path) -> bool:
    return file.stem.startswith("mail-")


def browser() -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(argument)
    options.binary_location = shutil.which("chromium") or ""
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))


def photograph(driver: webdriver.Chrome, file: Path, *, dark: bool) -> None:
    """The whole page at each width, whatever its height; says so when a page is wider than its window."""
    scheme = {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme)
    for size, (width, height, mobile) in SIZES.items():
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        driver.get(file.as_uri())
        for wide in driver.execute_script(
            "return [...document.querySelectorAll('main *, body:not(:has(main)) *')]"
            ".filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML)"
        ):
            print(f"{file.name} {size}: out of the window: {wide}")
        shot = driver.execute_cdp_cmd(
            "Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True}
        )
        picture = file.with_name(f"{file.stem}.{size}{'.dark' if dark else ''}.png")
        picture.write_bytes(base64.b64decode(shot["data"]))


def main(target: Path, name_part: str) -> None:
    files = [file for file in render_all(target) if name_part in file.name]
    shutil.copytree(ROOT / "idp" / "static", target / "static", dirs_exist_ok=True)
    driver = browser()
    try:
        for file in files:
            photograph(driver, file, dark=False)
            if file.stem in ("choice-all", "enrolment-errors", "charter-first", "otp-refused") or is_mail(
                file
            ):
                photograph(driver, file, dark=True)
    finally:
        driver.quit()
    print(f"{len(files)} pages in {target}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
