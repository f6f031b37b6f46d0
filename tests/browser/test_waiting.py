"""Real Chromium with JavaScript: what a page says and does while its form is on the way, and while a person waits."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from selenium import webdriver
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.conftest import Window, plain_chromium, served
from tests.limits import within
from tests.provider import PASSWORD, RPPS, Provider, app_factory, authorization, templates

__all__ = ["app_factory", "templates"]

#: What a page waits for comes a hundred times sooner, what its live regions said is kept, and its clock may be moved.
_HURRIED = """
const late = window.setTimeout, clock = Date.now, heard = [];
let passed = 0;
window.setTimeout = (act, wait) => late(act, wait / 100);
Date.now = () => clock() + passed * 1000;
addEventListener("DOMContentLoaded", () => new MutationObserver(
  changes => changes.forEach(one => one.target.role === "status" && heard.push(one.target.textContent))
).observe(document.body, {subtree: true, childList: true}));
"""


@dataclass
class Gate:
    """Counts the forms that come, and until told otherwise lets none through: the browser stays where it is (RFC 9110
    §15.3.5), as it does while an answer is awaited."""

    app: Callable[..., Any]
    posts: list[str] = field(default_factory=list)
    is_open: bool = False

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] == "POST":
            self.posts.append(environ["PATH_INFO"].rpartition("/")[2])
            if not self.is_open:
                start_response("204 No Content", [])
                return []
        return self.app(environ, start_response)


@dataclass
class Place:
    gate: Gate
    provider: Provider
    window: Window

    def at_doors(self) -> None:
        self.gate.posts.clear()
        self.gate.is_open = False
        self.window.driver.delete_all_cookies()
        self.window.open(f"{self.provider.settings.where.issuer}/authorize?{urlencode(authorization())}")

    def script(self, text: str) -> Any:
        return self.window.driver.execute_script(text)

    def until(self, script: str) -> None:
        WebDriverWait(self.window.driver, within(15)).until(lambda _driver: self.script(f"return {script}"))

    def said(self) -> str:
        """What stands beside the buttons of forms, and is read aloud."""
        return str(
            self.script(
                "return [...document.querySelectorAll('form [role=status]')].map(one => one.innerText).join('')"
            )
        )

    def press(self, words: str, times: int = 1) -> None:
        """Without waiting for what comes of it."""
        self.script(
            f"""const [it] = [...document.querySelectorAll('button')].filter(one => one.innerText.trim() === {words!r});
            for (let left = {times}; left; left--) it.click();"""
        )

    def busy(self) -> list[str]:
        """The buttons that take no click."""
        return list(
            self.script(
                "return [...document.querySelectorAll('[aria-disabled]')].map(one => one.innerText.trim())"
            )
        )


@pytest.fixture(scope="module")
def place(app_factory: Callable[..., Provider]) -> Iterator[Place]:
    with served(app_factory, mail_codes_per_minute=2) as provider:
        gate = provider.app = Gate(provider.app)
        driver = webdriver.Chrome(**plain_chromium())
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": _HURRIED})
        yield Place(gate, provider, Window(driver, "fr"))
        driver.quit()


def test_a_second_click_sends_nothing_and_the_page_says_that_it_works(place: Place) -> None:
    place.at_doors()
    window = place.window
    window.fill("username", RPPS)
    window.fill("current-password", PASSWORD)
    assert (place.busy(), place.said()) == ([], "")
    place.press("Se connecter", times=3)
    # Given back after a while, in words.
    place.until("heard.length === 2")
    assert place.script("return heard")[0] == "Envoi…"
    assert place.said() == "C'est plus long que d'habitude. Vous pouvez attendre encore, ou réessayer."
    assert (place.busy(), place.gate.posts) == ([], ["password"])
    # And again after « back ».
    place.gate.is_open = True
    window.fill("current-password", f"{PASSWORD}!")
    place.press("Se connecter", times=2)
    place.until("document.title.startsWith('Erreur')")
    place.script("history.back()")
    place.until("document.title.startsWith('Identifiez-vous')")
    assert (place.busy(), place.said()) == ([], "")
    window.fill("username", RPPS)
    window.fill("current-password", PASSWORD)
    place.press("Se connecter", times=2)
    place.until("document.title.startsWith('Saisissez le code')")
    assert place.gate.posts == ["password"] * 3


def test_time_is_told_in_words_and_opens_what_waits_for_it(place: Place) -> None:
    place.at_doors()
    window, place.gate.is_open = place.window, True
    window.fill("username", RPPS)
    window.fill("current-password", PASSWORD)
    place.press("Se connecter")
    place.until("document.title.startsWith('Saisissez le code')")
    assert "Envoyé à" in window.text
    assert "Il est valable encore 10 minutes, jusqu'à" in window.text
    assert place.busy() == ["Renvoyer le code"]
    assert re.search(r"Possible dans [1-3]0 secondes\.", window.text)
    place.press("Renvoyer le code")
    assert place.gate.posts == ["password"]
    place.script("passed = 31")
    place.until('document.body.innerText.includes("C\'est possible maintenant.")')
    assert place.busy() == []
    assert "Il est valable encore 10 minutes" in window.text
    place.script("passed = 600 - 35")
    place.until("/valable encore [1-4]0.secondes/.test(document.body.innerText)")
    place.script("passed = 700")
    place.until("document.body.innerText.includes('Ce code a expiré')")
    told = place.script("return heard")
    assert told[0] == "C'est possible maintenant."
    assert re.fullmatch(r"Il est valable encore [1-4]0.secondes, jusqu'à .*", told[1])
    assert told[2:] == ["Ce code a expiré. Demandez-en un nouveau ci-dessous."]


def test_a_form_that_is_not_sent_stays_as_it_was(place: Place) -> None:
    place.at_doors()
    # The browser asks for what is lacking.
    place.script("document.querySelector('details').open = true")
    place.press("Se connecter", times=2)
    # Another script stops it.
    place.script("document.querySelector('form').addEventListener('submit', event => event.preventDefault())")
    place.script("document.querySelector('form').requestSubmit()")
    assert (place.busy(), place.said(), place.gate.posts) == ([], "", [])


def test_another_form_may_be_sent_meanwhile(place: Place) -> None:
    place.at_doors()
    place.window.fill("username", RPPS)
    place.window.fill("current-password", PASSWORD)
    place.press("Se connecter")
    place.press("Annuler et revenir à ViaTrajectoire")
    assert place.busy() == ["Annuler et revenir à ViaTrajectoire"]
    assert place.gate.posts == ["password", "cancel"]


def test_the_reference_of_a_refusal_is_copied(place: Place) -> None:
    place.at_doors()
    place.gate.is_open = True
    place.window.fill("username", RPPS)
    place.window.fill("current-password", f"{PASSWORD}!")
    place.press("Se connecter")
    place.until("document.title.startsWith('Erreur')")
    reference = place.script("return document.querySelector('.incident strong').innerText")
    grant = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    place.window.driver.execute_cdp_cmd("Browser.grantPermissions", grant)
    place.window.press_and_stay("Copier la référence")
    place.until("heard.includes('Référence copiée.')")
    read = "navigator.clipboard.readText().then(arguments[0], why => arguments[0](why.name))"
    assert place.window.driver.execute_async_script(read) == reference
    # Refused, it leaves the text selected.
    place.script("navigator.clipboard.writeText = () => Promise.reject()")
    place.window.press_and_stay("Copier la référence")
    place.until(f"getSelection().toString() === '{reference}'")
    assert place.script("return document.querySelector('[data-copy]').hidden")
