"""Two servers behind the nginx of docs/, restarted one after the other under load: no request is lost.

Here with a small application, so that many requests meet each end; with the provider in tests/journeys/test_cluster.py.
"""

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.adapters.granian.test_server import ROOT, answers, command, pids
from tests.limits import eventually, within
from tests.nginx import issuer_http, nginx
from tests.servers import RunningServer, free_port

_CLIENTS = 8


@contextmanager
def node(place: Path) -> Iterator[RunningServer]:
    place.mkdir()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    made = RunningServer(url, command(port, 1, 4, place), lambda: answers(f"{url}/x"), place / "log")
    made.start()
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[RunningServer]]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with ExitStack() as running:
        yield [running.enter_context(node(tmp_path / name)) for name in ("one", "two")]


@pytest.fixture
def proxy(nodes: list[RunningServer], tmp_path: Path) -> Iterator[str]:
    """The address of the nginx in front of them."""
    port = free_port()
    with nginx(tmp_path, issuer_http(port, [urlsplit(made.url).netloc for made in nodes]), port):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[str]:
    """The address of an nginx whose nodes are both away."""
    port = free_port()
    with nginx(tmp_path, issuer_http(port, [f"127.0.0.1:{free_port()}" for _ in range(2)]), port):
        yield f"http://127.0.0.1:{port}"


class Load:
    """Clients that post as fast as they are answered, and count the answers."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._post) for _ in range(_CLIENTS)]
        self.answers: Counter[str] = Counter()

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _post(self) -> None:
        with requests.Session() as http:
            while not self._ended.is_set():
                answer = http.post(f"{self._url}/a", data=b"body", timeout=within(20))
                self.answers[answer.text if answer.ok else str(answer.status_code)] += 1


def test_no_request_is_lost_while_each_node_is_restarted(nodes: list[RunningServer], proxy: str) -> None:
    with Load(proxy) as load:
        for made in (*nodes, *nodes):
            before = load.answers.total()
            made.stop()
            made.start()
            assert eventually(lambda before=before: load.answers.total() > before + 50, 10)  # type: ignore[misc]
    assert set(load.answers) == {"/abody"}


def test_post_that_a_node_may_have_handled_is_not_repeated(
    nodes: list[RunningServer], proxy: str, tmp_path: Path
) -> None:
    """Killed with it under way: the client hears so, and the other node does not hear of the request."""
    told = []
    asking = threading.Thread(
        target=lambda: told.append(requests.post(f"{proxy}/slow?1", timeout=within(20)))
    )
    asking.start()
    began = [tmp_path / name / "began-1" for name in ("one", "two")]
    assert eventually(lambda: any(file.exists() for file in began), 10)
    hit = nodes[[file.exists() for file in began].index(True)]
    for worker in pids(hit):
        os.kill(worker, signal.SIGKILL)
    asking.join()
    assert told[0].status_code == 503
    assert [file.exists() for file in began].count(True) == 1


@pytest.mark.parametrize(
    ("language", "cookie", "said"),
    [
        ("fr-FR,fr;q=0.9,en;q=0.8", "", "Service momentanément indisponible"),
        ("", "", "Service momentanément indisponible"),
        ("en-GB,en;q=0.9", "", "Service temporarily unavailable"),
        ("fr", "__Host-caducee_locale=en", "Service temporarily unavailable"),
        ("en", "__Host-caducee_locale=fr", "Service momentanément indisponible"),
    ],
)
def test_people_read_a_page_in_their_language_while_no_node_answers(
    alone: str, language: str, cookie: str, said: str
) -> None:
    sent = {"Accept-Language": language, "Cookie": cookie}
    for answer in (
        requests.get(f"{alone}/authorize?client_id=a", headers=sent, timeout=within(5)),
        requests.post(f"{alone}/interaction/a/password", headers=sent, data={"a": "b"}, timeout=within(5)),
    ):
        answer.encoding = "utf-8"
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert f"<h1>{said}</h1>" in answer.text
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "default-src 'none'; style-src 'self'" in answer.headers["Content-Security-Policy"]
    style = requests.get(f"{alone}/caducee-unavailable/style.css", timeout=within(5))
    assert (style.status_code, style.headers["Content-Type"]) == (200, "text/css")


@pytest.mark.parametrize("path", ["token", "userinfo", "jwks", ".well-known/openid-configuration"])
def test_relying_parties_read_json_while_no_node_answers(alone: str, path: str) -> None:
    answer = requests.post(f"{alone}/{path}", timeout=within(5))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json()["error"] == "temporarily_unavailable"


def test_pages_of_nginx_are_found_by_nobody_who_asks_for_them(alone: str) -> None:
    assert requests.get(f"{alone}/caducee-unavailable/fr.html", timeout=within(5)).status_code == 404
