"""Windows of Chromium and of Firefox spoken to in the same words, with a card in their certificate store.

Stock Firefox speaks WebDriver BiDi, and `tools/window.mjs` speaks it, for both. Whether scripts run is a preference of
the profile, as whoever switches them off sets it. Contains profiles, starting, ending, gestures. Not here: journeys.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.browser.conftest import SWITCHES, certificate_store, preferences
from tests.demonstration import Demonstration
from tests.limits import within

TOOLS = Path(__file__).parent / "tools"
NODE = Path(sys.executable).with_name("node")
_WAIT_SECONDS = 20
#: What Debian calls it, and the others.
FIREFOX, CHROMIUM = ("firefox-esr", "firefox"), ("chromium",)


@dataclass(frozen=True, slots=True)
class DrivenWindow:
    """In the words of the pages; an apostrophe is straight, as typed here."""

    process: "subprocess.Popen[str]"

    def open(self, url: str) -> None:
        self._do("open", url=url)

    def press(self, words: str) -> None:
        """The link or button with these words, whose page goes away: that of another document is complete after it."""
        self._do("press", words=words)

    def touch(self, words: str) -> None:
        """The button, label or summary with these words, which leads nowhere by itself."""
        self._do("touch", words=words)

    def fill(self, autocomplete: str, text: str) -> None:
        """The field with this standard autocomplete token, in place of what stands in it."""
        self._do("fill", autocomplete=autocomplete, text=text)

    def field(self, autocomplete: str) -> tuple[str, str]:
        """Returns its type at this moment, and what stands in it."""
        found = self._do("field", autocomplete=autocomplete)
        return found["type"], found["value"]

    def add_device(self) -> None:
        """One that keeps passkeys, such as a phone; it asks its person nothing."""
        self._do("device")

    def back(self) -> None:
        self._do("back")

    def reload(self) -> None:
        self._do("reload")

    @property
    def url(self) -> str:
        return str(self._do("read")["url"])

    @property
    def title(self) -> str:
        return str(self._do("read")["title"])

    @property
    def text(self) -> str:
        return str(self._do("read")["text"])

    def _do(self, deed: str, **given: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"deed": deed, **given}) + "\n")
        self.process.stdin.flush()
        return heard(self.process)


def heard(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the driver of the browser ended; its last words are above"
    answer = json.loads(line)
    assert "failed" not in answer, answer["failed"]
    return dict(answer["done"])


def installed(names: tuple[str, ...]) -> str:
    """Returns the path of the first of them that is."""
    found = next(filter(None, map(shutil.which, names)), None)
    assert found is not None, (
        f"none of {', '.join(names)} is installed: `.ci/debian-packages` does it on Debian"
    )
    return found


def chromium(home: Path, demo: Demonstration, card: str, *, scripts: bool) -> dict[str, Any]:
    """Returns what the driver launches, with a profile under `home`, French and with one card."""
    certificate_store(home / ".pki" / "nssdb", demo.ready["ca_bundle"], demo.card(card))
    profile = home / "profile"
    (profile / "Default").mkdir(parents=True)
    told: dict[str, Any] = {}
    for path, value in preferences(demo.ready["card_host"], "fr", scripts=scripts).items():
        *above, name = path.split(".")
        place = told
        for step in above:
            place = place.setdefault(step, {})
        place[name] = value
    (profile / "Default" / "Preferences").write_text(json.dumps(told))
    return {
        "browser": "chrome",
        "executablePath": installed(CHROMIUM),
        "userDataDir": str(profile),
        "args": [*SWITCHES, "--lang=fr", "--window-size=1280,900"],
    }


def firefox(home: Path, demo: Demonstration, card: str, *, scripts: bool) -> dict[str, Any]:
    """The same; its profile holds its certificates itself."""
    profile = home / "profile"
    certificate_store(profile, demo.ready["ca_bundle"], demo.card(card))
    return {
        "browser": "firefox",
        "executablePath": installed(FIREFOX),
        "userDataDir": str(profile),
        "args": ["--marionette"],
        "extraPrefsFirefox": {
            "intl.accept_languages": "fr",
            "javascript.enabled": scripts,
            # Who has one card is not asked which.
            "security.default_personal_cert": "Select Automatically",
            "devtools.jsonview.enabled": False,
            # For `add_device`: at a free port, and no key in a USB port of this machine is looked for.
            "marionette.port": 0,
            "security.webauth.webauthn_enable_softtoken": True,
            "security.webauth.webauthn_enable_usbtoken": False,
        },
    }


LAUNCHES: Mapping[str, Callable[..., dict[str, Any]]] = {"chromium": chromium, "firefox": firefox}


@contextmanager
def driven(
    browser: str, home: Path, demo: Demonstration, card: str, *, scripts: bool
) -> Iterator[DrivenWindow]:
    """A window of `chromium` or `firefox`; at the end no process of it is left."""
    assert (TOOLS / "node_modules").exists(), "`make test` installs what stands in package-lock.json"
    launch = LAUNCHES[browser](home, demo, card, scripts=scripts)
    told = {"patience": within(_WAIT_SECONDS) * 1000, **launch}
    process = subprocess.Popen(
        [NODE, "window.mjs", json.dumps(told)],
        cwd=TOOLS,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    group = None
    try:
        group = int(heard(process)["pid"])
        yield DrivenWindow(process)
        process.communicate(timeout=within(_WAIT_SECONDS))
    finally:
        process.kill()
        process.communicate()
        # Firefox leaves its children to a group of their own.
        with suppress(ProcessLookupError):
            if group is not None:
                os.killpg(group, signal.SIGKILL)
