"""Real Chromium, without JavaScript, with a card in its certificate store as the middleware puts it there.

The card chooser cannot be clicked from a script, so the profile answers it as a person with one card would: the
preference behind « AutoSelectCertificateForUrls », scoped to the card host.
"""

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait
from werkzeug.serving import make_server

from tests.demonstration import Demonstration, running_demo
from tests.limits import within
from tests.provider import Provider

#: What its address bar would show while a person types there is a page of its own, and a start costs twice as much.
_WITHOUT = (
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    "SpareRendererForSitePerProcess",
)
SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--in-process-gpu",
    f"--disable-features={','.join(_WITHOUT)}",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_WAIT_SECONDS = 20
#: The first that is seen of these kinds with these words, in one call: each element asked for its own costs two.
_WITH_WORDS = """
const [kinds, words] = arguments, all = kinds.flatMap(kind => [...document.querySelectorAll(kind)]);
return all.find(one => one.checkVisibility({visibilityProperty: true})
  && one.innerText.replace(/\\s+/g, " ").trim() === words) ?? null;
"""


def _binary(name: str) -> str:
    found = shutil.which(name)
    assert found is not None, (
        f"{name} is needed: install the Debian packages chromium, chromium-driver, libnss3-tools"
    )
    return found


def certificate_store(store: Path, ca_bundle: str, card: dict[str, Any] | None) -> None:
    """An NSS database. Chromium reads that of the person on Linux, ~/.pki/nssdb; Firefox that of its profile."""
    store.mkdir(parents=True)
    place = f"sql:{store}"

    def run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True)

    run(_binary("certutil"), "-N", "-d", place, "--empty-password")
    run(_binary("certutil"), "-A", "-d", place, "-n", "demo", "-t", "C,,", "-i", ca_bundle)
    if card is not None:
        run(_binary("pk12util"), "-i", card["pkcs12"], "-d", place, "-W", card["pin"], "-K", "")


class Window:
    """One Chromium, spoken to in the words of the pages."""

    def __init__(self, driver: webdriver.Chrome, locale: str) -> None:
        self.driver = driver
        self.locale = locale

    def open(self, url: str) -> None:
        self.driver.get(url)

    @property
    def url(self) -> str:
        return str(self.driver.current_url)

    @property
    def title(self) -> str:
        return str(self.driver.title)

    @property
    def text(self) -> str:
        return " ".join(self.driver.find_element(By.TAG_NAME, "body").text.split())

    def press(self, words: str) -> None:
        """The button or link with these words; waits until its page has gone."""
        element = self._with_words(words, "button", "a")
        page = self.driver.find_element(By.TAG_NAME, "html")
        element.click()
        WebDriverWait(self.driver, within(_WAIT_SECONDS)).until(lambda _driver: _is_gone(page))

    def press_and_stay(self, words: str, kind: str = "button") -> None:
        """The button with these words, which leads nowhere by itself."""
        self._with_words(words, kind).click()

    def _with_words(self, words: str, *kinds: str) -> WebElement:
        found = self.driver.execute_script(_WITH_WORDS, kinds, words)
        assert found is not None, f"no {' or '.join(kinds)} « {words} » on « {self.title} »"
        return cast(WebElement, found)

    def fill(self, autocomplete: str, text: str) -> None:
        """The field with this standard autocomplete token, found through nothing else."""
        field = self.driver.find_element(By.CSS_SELECTOR, f'input[autocomplete~="{autocomplete}"]')
        self._unfold(field)
        field.clear()
        field.send_keys(text)

    def enter(self, label: str, text: str) -> None:
        """The field with this label: that of a shared station asks the browser to recognise none."""
        for element in self.driver.find_elements(By.TAG_NAME, "label"):
            if " ".join((element.get_attribute("textContent") or "").split()) == label:
                field = self.driver.find_element(By.ID, element.get_attribute("for") or "")
                self._unfold(field)
                field.send_keys(text)
                return
        raise AssertionError(f"no field « {label} » on « {self.title} »")

    def _unfold(self, field: Any) -> None:
        """Open what it is folded away in."""
        for summary in field.find_elements(By.XPATH, "ancestor::details[not(@open)]/summary"):
            summary.click()

    def tick(self, label: str) -> None:
        self._with_words(label, "label").click()

    def is_wider_than_phone(self) -> bool:
        self._measure(390, 844, True)
        size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]["width"]
        self._measure(1280, 900, False)
        return bool(size > 390)

    def _measure(self, width: int, height: int, mobile: bool) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def _is_gone(element: Any) -> bool:
    try:
        element.is_enabled()
    except Exception:  # Selenium says so in several ways.
        return True
    return False


@pytest.fixture(scope="session")
def browser_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """Of these tests alone: their journeys begin with physicians whom no other test has enrolled."""
    with running_demo(tmp_path_factory.mktemp("browser-demo")) as running:
        yield running


@pytest.fixture(scope="module")
def demo(browser_demo: Demonstration) -> Demonstration:
    """A file with settings of its own has another."""
    return browser_demo


@pytest.fixture
def chromium(demo: Demonstration, tmp_path: Path) -> Iterator[Callable[..., Window]]:
    """`chromium(card="lefebvre", locale="fr")` opens a window; all are closed at the end.

    `page_load="none"`: nothing waits for a page to be complete. `scripts`: as most people have them.
    """
    windows: list[webdriver.Chrome] = []

    def launch(
        card: str | None = None, locale: str = "fr", page_load: str = "normal", *, scripts: bool = False
    ) -> Window:
        home = tmp_path / f"home-{len(windows)}"
        cards = {entry["name"]: entry for entry in demo.ready["cards"]}
        certificate_store(home / ".pki" / "nssdb", demo.ready["ca_bundle"], cards[card] if card else None)
        options = webdriver.ChromeOptions()
        options.binary_location = _binary("chromium")
        options.page_load_strategy = page_load
        for switch in (*SWITCHES, f"--lang={locale}"):
            options.add_argument(switch)
        options.add_experimental_option(
            "prefs", preferences(demo.ready["card_host"], locale, scripts=scripts)
        )
        environment = {**os.environ, "HOME": str(home)}
        driver = webdriver.Chrome(options=options, service=Service(_binary("chromedriver"), env=environment))
        windows.append(driver)
        return Window(driver, locale)

    yield launch
    for driver in windows:
        driver.quit()


def plain_chromium() -> dict[str, Any]:
    """Returns what `webdriver.Chrome` is given for a window with JavaScript, without any card."""
    options = webdriver.ChromeOptions()
    options.binary_location = _binary("chromium")
    for switch in (*SWITCHES, "--lang=fr"):
        options.add_argument(switch)
    options.add_experimental_option("prefs", {"intl.accept_languages": "fr"})
    return {"options": options, "service": Service(_binary("chromedriver"))}


@contextmanager
def served(make: Callable[..., Provider], **changes: Any) -> Iterator[Provider]:
    """A provider of this process (`app_factory`, with these settings beside), at a free port: its issuer."""
    late: list[Provider] = []
    serving = make_server("127.0.0.1", 0, lambda *told: late[0].app(*told), threaded=True)
    late.append(make(issuer=f"http://localhost:{serving.server_port}", **changes))
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    yield late[0]
    serving.shutdown()
    thread.join()
    serving.server_close()


@pytest.fixture
def plain_window() -> Iterator[Window]:
    driver = webdriver.Chrome(**plain_chromium())
    yield Window(driver, "fr")
    driver.quit()


def preferences(card_host: str, locale: str, *, scripts: bool) -> dict[str, Any]:
    return {
        "intl.accept_languages": locale,
        "profile.managed_default_content_settings.javascript": 1 if scripts else 2,
        "profile.content_settings.exceptions.auto_select_certificate": {
            f"{card_host},*": {"setting": {"filters": [{}]}}
        },
    }
