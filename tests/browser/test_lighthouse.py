"""Lighthouse about six pages of a provider that runs, over TLS, with its own headers: 100 and 100, nothing excepted.

The pages are those of one first connection and one sign-in, reached as a person reaches them; each in one form
(docs/pages.md has both).
"""

import threading
from collections.abc import Callable, Iterator

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tests.browser.conftest import Window
from tests.browser.lighthouse import Judge, lighthouse
from tests.browser.test_journeys import _code_for, _mails_to
from tests.browser.test_psc_outage import confirm
from tests.demonstration import Demonstration, running_demo

FORMS = {
    "choice": "desktop",
    "first_connection": "mobile",
    "enrolment": "desktop",
    "email_otp": "mobile",
    "charter": "desktop",
    "account": "mobile",
}
#: No language, no title, an image without words, an error of its script.
_POOR = '<!doctype html><img src="/none.png"><script>nowhere()</script>'


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    with running_demo(tmp_path_factory.mktemp("lighthouse-demo"), "--https") as running:
        yield running


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with lighthouse() as judge:
        yield judge


def the_six_pages(window: Window, demo: Demonstration) -> Iterator[str]:
    """Yields the name of each, while it is in the window."""
    home, account = demo.ready["clients"][0]["home"], demo.account("benali")
    window.open(home)
    window.press("Se connecter")
    yield "choice"
    window.press("S'identifier avec Pro Santé Connect")
    confirm(window, demo.card("lefebvre")["rpps"])
    yield "first_connection"
    window.press("Se connecter par CPS")
    yield "enrolment"
    window.open(home)
    window.press("Se connecter")
    before = _mails_to(demo, account["email"])
    window.fill("username", account["rpps"])
    window.fill("current-password", account["password"])
    window.press("Se connecter")
    yield "email_otp"
    window.fill("one-time-code", _code_for(demo, account["email"], after=before))
    window.press("Valider")
    yield "charter"
    window.tick("J'ai lu et accepte les conditions ci-dessus")
    window.press("Valider")
    window.open(demo.issuer)
    yield "account"


def test_six_pages_have_all_points(
    demo: Demonstration, chromium: Callable[..., Window], judge: Judge
) -> None:
    window = chromium(card="lefebvre", scripts=True)
    for page in the_six_pages(window, demo):
        told = judge(window.driver, window.url, FORMS[page])
        assert told["shown"] == window.url, "Lighthouse was led elsewhere"
        assert (told["error"], told["failed"]) == (None, []), page
        assert told["scores"] == {"accessibility": 100, "best-practices": 100}, page
        assert told["judged"] > 25, page


@pytest.fixture
def poor_page() -> Iterator[str]:
    page = Request.application(lambda _request: Response(_POOR, mimetype="text/html"))
    serving = make_server("127.0.0.1", 0, page, threaded=True)
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    yield f"http://localhost:{serving.server_port}/"
    serving.shutdown()
    thread.join()
    serving.server_close()


def test_a_poor_page_has_not(plain_window: Window, poor_page: str, judge: Judge) -> None:
    told = judge(plain_window.driver, poor_page, "desktop")
    assert all(score < 100 for score in told["scores"].values())
    assert {audit["id"] for audit in told["failed"]} >= {"html-has-lang", "image-alt", "errors-in-console"}
