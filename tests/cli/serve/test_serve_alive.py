"""A real `idp serve` goes on when one of its workers is killed, and says why one cannot start."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.granian.test_server import answers, pids
from tests.cli.test_bad_files import furnish, settings_of
from tests.commands import ROOT, ForkedServer, set_environment
from tests.demonstration import is_alive
from tests.limits import eventually
from tests.servers import RunningServer, free_port


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningServer]:
    """Of two workers."""
    furnish(tmp_path)
    set_environment(monkeypatch, **(settings_of(tmp_path) | {"CARD_OCSP_URL": ""}))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    port = free_port()
    command = ["serve", "--workers", "2", "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    made = ForkedServer(url, command, lambda: answers(f"{url}/health/live"), tmp_path / "log")
    made.start()
    yield made
    made.stop()


def test_a_killed_worker_is_replaced_and_the_other_serves_on(server: RunningServer, tmp_path: Path) -> None:
    assert eventually(lambda: server.log.read_text().count("Started worker-") == 2, 20)
    killed, other = sorted(pids(server))
    os.kill(killed, signal.SIGKILL)
    assert eventually(lambda: not is_alive(killed), 10)
    # A connection that the kernel had given to the killed one is reset.
    assert eventually(lambda: answers(f"{server.url}/health/live"), 5)
    assert eventually(lambda: server.log.read_text().count("Started worker-") == 3, 20)
    assert other in pids(server)
    assert '"event": "worker_ended"' in server.log.read_text()

    # What one cannot start with is told in one line; those that serve go on with what they have.
    (tmp_path / "clients.yaml").write_text("clients: [")
    os.kill(other, signal.SIGKILL)
    told = f"{tmp_path / 'clients.yaml'}:1:11: expected YAML"
    assert eventually(lambda: told in server.log.read_text(), 20)
    assert eventually(lambda: answers(f"{server.url}/health/live"), 5)
    (tmp_path / "clients.yaml").write_text("clients: []\n")
    assert eventually(lambda: len(pids(server)) == 2, 20)

    server.stop()
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert {line["event"] for line in lines} >= {
        "Started worker-1",
        "worker_ended",
        "worker_cannot_start",
        "argon2",
    }
    assert all({"level", "timestamp"} <= line.keys() for line in lines)
