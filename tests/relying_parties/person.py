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
from tests.relying_parties.application import Application
from tests.relying_parties.page import Page


@dataclass(frozen=True, slots=True)
class Shown:
    url: str
    words: str


def sign_in(provider: Demonstration, page: Page, application: Application) -> Shown:
    """A command shows what it writes in the end."""
    shown = (_in_chromium if page.is_scripted else _without_scripts)(provider, application.opened)
    return Shown(shown.url, application.all_written()) if page.opened is None else shown


def _without_scripts(provider: Demonstration, opened: str) -> Shown:
    at = urlsplit(opened)
    with Browser(ca_bundle=str(provider.ready["ca_bundle"])) as browser:
        visitor = Visitor(browser, _person(provider), f"{at.scheme}://{at.netloc}")
        shown = visitor.visit(opened, {})
        return Shown(shown.url, shown.html)


def _in_chromium(provider: Demonstration, opened: str) -> Shown:
    person, told = _person(provider), plain_chromium()
    told["options"].add_argument("--ignore-certificate-errors")
    driver = webdriver.Chrome(**told)
    window, wait = Window(driver, "fr"), WebDriverWait(driver, within(20))
    try:
        window.open(opened)
        wait.until(lambda _driver: "/interaction/" in window.url)
        window.fill("username", person["login"])
        window.fill("current-password", person["password"])
        window.press("Se connecter")
        window.fill("one-time-code", person["code"])
        window.press("Valider")
        wait.until(lambda _driver: window.url.startswith(opened) and window.text not in ("", "…"))
        return Shown(window.url, window.text)
    finally:
        driver.quit()


def _person(provider: Demonstration) -> dict[str, str]:
    return dict(provider.ready["conformance"]["person"])
