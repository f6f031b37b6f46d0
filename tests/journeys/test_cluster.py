"""`make cluster`: two providers behind nginx, on PostgreSQL and Redis with its sentinels, while nodes come and go.

CLUSTER_REQUESTS: how many requests meet the rolling restart, 300 unless said otherwise.
"""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from sandbox.demo.driver import Browser
from tests.cluster import Cluster
from tests.journeys import gestures as do
from tests.journeys.own_party import OwnParty
from tests.limits import eventually, within

_REQUESTS = int(os.environ.get("CLUSTER_REQUESTS", "300"))
_CLIENTS = 4


@pytest.fixture(scope="module")
def demo(region: Cluster) -> Cluster:
    return region


def test_sign_in_goes_on_while_one_node_is_killed_and_the_other_restarted(
    demo: Cluster, browse: Callable[..., Browser]
) -> None:
    """A first connection by card, single sign-on, tokens, sign-out."""
    browser, email = browse("nunez"), "helene.obrien@cabinet.example"
    do.arrive(browser, demo)
    assert browser.page.origin == demo.issuer
    killed = threading.Thread(target=demo.end, args=("idp-1", signal.SIGKILL))
    killed.start()
    do.by_card(browser)
    assert browser.page.title.startswith("Créez votre compte")
    do.enrol(browser, demo, email)
    killed.join()
    assert eventually(lambda: demo.node_answers(0), 20)
    restarted = threading.Thread(target=demo.end, args=("idp-2", signal.SIGTERM))
    restarted.start()
    do.accept_charter(browser)
    assert do.is_at_home(browser.page, demo)
    do.arrive(browser, demo, do.SIBLING)
    assert do.is_at_home(browser.page, demo, do.SIBLING)
    assert do.session(browser, demo, do.SIBLING)["userinfo"]["email"] == email
    restarted.join()
    assert eventually(lambda: demo.node_answers(1), 20)
    do.sign_out(browser, demo)
    # Of the other application too: the notice is the worker's.
    assert eventually(lambda: not do.is_signed_in(browser, demo, do.SIBLING), 10)


def test_no_request_is_lost_while_each_node_is_restarted(
    demo: Cluster, browse: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Single sign-on by several browsers at once, codes redeemed, tokens used, all through nginx."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(demo.ready["ca_bundle"]))
    browser = browse()
    do.arrive(browser, demo)
    do.by_password(browser, demo, demo.account("martin"))
    assert do.is_at_home(browser.page, demo)
    assert all(map(demo.node_answers, (0, 1)))
    load = _Load(demo, browser)
    with load:
        for name, rank in (("idp-1", 0), ("idp-2", 1)):
            demo.end(name, signal.SIGTERM)
            assert eventually(lambda rank=rank: demo.node_answers(rank), 20)  # type: ignore[misc]
        assert eventually(lambda: bool(load.failures) or load.answers.total() >= _REQUESTS, 60)
    assert not load.failures, load.answers
    assert set(load.answers) == {"authorize 303", "token 200", "userinfo 200"}


class _Load:
    """Signs in again and again with the session of this browser, and counts each answer."""

    def __init__(self, demo: Cluster, browser: Browser) -> None:
        self._demo, self._cookies = demo, browser.cookies
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._work) for _ in range(_CLIENTS)]
        self.answers: Counter[str] = Counter()
        self.failures: list[Exception] = []

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        try:
            self._sign_in()
        except Exception as failure:
            self.failures.append(failure)

    def _sign_in(self) -> None:
        party = OwnParty.of(self._demo)
        while not self._ended.is_set():
            found = self._ask(
                "authorize",
                lambda: requests.get(
                    f"{party.issuer}/authorize",
                    params=party.parameters(prompt="none"),
                    cookies=self._cookies,
                    allow_redirects=False,
                    timeout=within(20),
                ),
            )
            code = dict(parse_qsl(urlsplit(found.headers["Location"]).query))
            tokens: dict[str, Any] = self._ask("token", lambda code=code: party.redeem(code["code"])).json()  # type: ignore[misc]
            bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
            self._ask(
                "userinfo",
                lambda bearer=bearer: requests.get(  # type: ignore[misc]
                    f"{party.issuer}/userinfo", headers=bearer, timeout=within(20)
                ),
            )
            # Enough requests for each restart to meet many, and a processor left for the restart.
            self._ended.wait(0.05)

    def _ask(self, what: str, ask: Callable[[], requests.Response]) -> requests.Response:
        answer = ask()
        self.answers[f"{what} {answer.status_code}"] += 1
        assert answer.status_code < 400, f"{what}: {answer.status_code} {answer.text[:500]}"
        return answer
