"""A person of the demo in front of an application: without scripts, or in Chromium for a page that lives of them.

Contains both ways to what the application shows. Not here: what it ought to show (`run`).
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.webdriver.support.wait import WebDriverWait

from sandbox.demo.driver import Browser
from tests.browser.conftest import Window, plain_chromium
from tests.conformance.visitor import Visitor
from tests.demonstration import Demonstration
from tests.limits import within
from tests.relying_parties.page import Page


@dataclass(frozen=True, slots=True)
class Shown:
    url: str
    words: str


def sign_in(provider: Demonstration, page: Page) -> Shown:
    return (_in_chromium if page.is_scripted else _without_scripts)(provider, page)


def _without_scripts(provider: Demonstration, page: Page) -> Shown:
    at = urlsplit(page.opened)
    with Browser(ca_bundle=str(provider.ready["ca_bundle"])) as browser:
        visitor = Visitor(browser, _person(provider), f"{at.scheme}://{at.netloc}")
        shown = visitor.visit(page.opened, {})
        return Shown(shown.url, shown.html)


def _in_chromium(provider: Demonstration, page: Page) -> Shown:
    person, told = _person(provider), plain_chromium()
    told["options"].add_argument("--ignore-certificate-errors")
    driver = webdriver.Chrome(**told)
    window, wait = Window(driver, "fr"), WebDriverWait(driver, within(20))
    try:
        window.open(page.opened)
        wait.until(lambda _driver: "/interaction/" in window.url)
        window.fill("username", person["login"])
        window.fill("current-password", person["password"])
        window.press("Se connecter")
        window.fill("one-time-code", person["code"])
        window.press("Valider")
        wait.until(lambda _driver: window.url.startswith(page.opened) and window.text not in ("", "…"))
        return Shown(window.url, window.text)
    finally:
        driver.quit()


def _person(provider: Demonstration) -> dict[str, str]:
    return dict(provider.ready["conformance"]["person"])
