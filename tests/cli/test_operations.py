"""A real `idp serve` of two workers, as its operator's monitoring sees it."""

import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.adapters.granian.test_server import answers, pids
from tests.cli.test_bad_files import furnish, settings_of
from tests.commands import ROOT, command_line, idp, set_environment
from tests.demonstration import is_alive
from tests.limits import eventually, within
from tests.servers import RunningServer, free_port


class Operated:
    """`idp serve` of two workers with its listener."""

    def __init__(self, server: RunningServer, port: int, place: Path) -> None:
        self.server, self.url, self.place = server, f"http://127.0.0.1:{port}", place

    def get(self, path: str) -> requests.Response:
        """On a connection of its own: any of the workers may answer."""
        return requests.get(f"{self.url}{path}", timeout=within(10), headers={"Connection": "close"})

    def numbers(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        answer = self.get("/metrics")
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    def number(self, name: str, **labels: str) -> float:
        return self.numbers().get((name, frozenset(labels.items())), 0)

    def wrong(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.get("/readyz").json()
        return {fault["what"]: fault["makes"] for fault in answer["wrong"]}


@pytest.fixture
def operated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operated]:
    furnish(tmp_path)
    (tmp_path / "charter.md").write_text("# Charte\n\nLisez.")
    told = settings_of(tmp_path) | {"CARD_OCSP_URL": ""}
    published = idp("charter", "publish", "--revision", "1", "--fr", str(tmp_path / "charter.md"), **told)
    assert published.returncode == 0, published.stderr
    port, operations = free_port(), free_port()
    set_environment(monkeypatch, **told, OPERATIONS_PORT=str(operations), OPERATIONS_DISK_FREE="0")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    command = command_line("serve", "--workers", "2", "--port", str(port))
    url = f"http://127.0.0.1:{port}"
    server = RunningServer(url, command, lambda: answers(f"{url}/health/live"), tmp_path / "log")
    server.start()
    made = Operated(server, operations, tmp_path)
    assert eventually(lambda: server.log.read_text().count('"event": "argon2"') == 2, 20)
    yield made
    server.stop()
    # What they counted is of no use to anybody else.
    assert not list(tmp_path.glob("caducee-meters-*"))


JWKS = {"endpoint": "GET /jwks", "status": "2xx"}


def test_the_listener_stands_apart_and_tells_sums_that_outlive_a_worker(operated: Operated) -> None:
    issuer = operated.server.url
    for path in ("/livez", "/readyz", "/metrics"):
        assert operated.get(path).status_code == 200, operated.get(path).text
        assert requests.get(f"{issuer}{path}", timeout=within(10)).status_code == 404
    for path in ("/jwks", "/health/ready", "/authorize"):
        assert operated.get(path).status_code == 404

    for _ in range(20):
        requests.get(f"{issuer}/jwks", timeout=within(10), headers={"Connection": "close"})
    requests.get(f"{issuer}/10000000017/{'x' * 40}", timeout=within(10))
    assert operated.number("caducee_request_seconds_count", **JWKS) == 20
    assert operated.number("caducee_request_seconds_count", endpoint="other", status="4xx") >= 1
    assert "10000000017" not in operated.get("/metrics").text

    killed = min(pids(operated.server))
    os.kill(killed, signal.SIGKILL)
    assert eventually(lambda: not is_alive(killed), 10)
    assert eventually(lambda: len(pids(operated.server)) == 2, 20)
    assert eventually(lambda: operated.server.log.read_text().count('"event": "argon2"') == 3, 20)
    assert operated.number("caducee_request_seconds_count", **JWKS) == 20
    for _ in range(10):
        requests.get(f"{issuer}/jwks", timeout=within(10), headers={"Connection": "close"})
    assert operated.number("caducee_request_seconds_count", **JWKS) == 30


def test_ready_says_to_the_operator_what_is_wrong_and_to_others_whether(operated: Operated) -> None:
    assert operated.get("/readyz").json() == {"status": "ready", "wrong": [], "lines": []}
    assert operated.get("/readyz?verbose").text == "ready\n"
    (operated.place / "clients.yaml").write_text("clients: [")
    assert eventually(lambda: operated.wrong() == {"relying parties": "degraded"}, 10)
    told = operated.get("/readyz?verbose").text.splitlines()
    assert told[0] == "degraded"
    assert told[1].startswith(f"degraded: relying parties: {operated.place / 'clients.yaml'}:1:11: ")
    assert requests.get(f"{operated.server.url}/health/ready", timeout=within(10)).json() == {
        "status": "ready"
    }
    (operated.place / "clients.yaml").write_text("clients: []\n")

    with sqlite3.connect(operated.place / "db.sqlite") as database:
        database.execute("DELETE FROM charter_revisions")
    database.close()
    answer = operated.get("/readyz")
    assert (answer.status_code, answer.json()["wrong"][0]["what"]) == (503, "charter")
    outside = requests.get(f"{operated.server.url}/health/ready", timeout=within(10))
    assert (outside.status_code, outside.json()) == (503, {"status": "unavailable"})
    assert operated.get("/livez").status_code == 200
    assert operated.number("caducee_readiness", status="unavailable") == 1
