"""The worker processes of the web server, real ones: killed, stopped, unable to start; and their threads."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import pytest
import requests

from idp.adapters.granian.server import NONE_STARTS, Replacements, WebServer
from tests.demonstration import is_alive
from tests.limits import eventually, within
from tests.servers import RunningServer, free_port

ROOT = Path(__file__).parents[3]
Start = Callable[[int, int], RunningServer]


def command(port: int, workers: int, threads: int, directory: Path) -> list[str]:
    arguments = [str(port), str(workers), str(threads), str(directory)]
    return [sys.executable, "-m", "tests.adapters.granian.program", *arguments]


def ask(server: RunningServer, path: str) -> str:
    """On a connection of its own."""
    answer = requests.get(f"{server.url}{path}", headers={"Connection": "close"}, timeout=within(10))
    return answer.text


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=within(2)).ok
    except requests.RequestException:
        return False


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts a server of so many workers with so many threads, in `tmp_path`."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with ExitStack() as running:

        def begin(workers: int, threads: int) -> RunningServer:
            port = free_port()
            url = f"http://127.0.0.1:{port}"
            made = RunningServer(
                url, command(port, workers, threads, tmp_path), lambda: answers(f"{url}/x"), tmp_path / "log"
            )
            made.start()
            running.callback(made.stop)
            return made

        yield begin


def pids(server: RunningServer) -> set[int]:
    """Of the worker processes, as the kernel knows them."""
    assert server.process is not None
    main = server.process.pid
    children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
    return {int(child) for child in children if is_alive(int(child))}


def test_a_killed_worker_is_replaced_and_the_others_serve_on(start: Start) -> None:
    server = start(2, 2)
    assert eventually(lambda: len(pids(server)) == 2, 10)
    before = pids(server)
    for _ in range(3):  # also in a row: granian itself would take that for a reason to end
        killed = int(ask(server, "/pid"))
        os.kill(killed, signal.SIGKILL)
        # Until all its threads are gone its socket is open, and the kernel gives it connections, which are reset then.
        assert eventually(lambda gone=killed: not Path(f"/proc/{gone}").exists(), 10)  # type: ignore[misc]
        assert eventually(lambda: answers(f"{server.url}/x"), 10)
    assert eventually(lambda: len(pids(server)) == 2, 20)
    assert pids(server) != before


def test_workers_end_with_the_process_that_replaces_them(start: Start) -> None:
    server = start(2, 2)
    assert eventually(lambda: len(pids(server)) == 2, 10)
    workers = pids(server)
    assert server.process is not None
    server.process.kill()
    server.process.wait()
    assert eventually(lambda: not any(map(is_alive, workers)), 10)


def test_a_request_under_way_is_answered_before_the_end(start: Start, tmp_path: Path) -> None:
    server = start(1, 2)
    with ThreadPoolExecutor(1) as others:
        slow = others.submit(ask, server, "/slow?1")
        assert eventually((tmp_path / "began-1").exists, 10)
        assert server.process is not None
        server.process.terminate()
        assert eventually(lambda: not answers(f"{server.url}/x"), 10)
        (tmp_path / "go").touch()
        assert slow.result(within(10)) == "/slow"
    assert server.process.wait(within(10)) == 0


def test_each_request_has_a_thread_and_a_body_on_its_way_has_none(start: Start, tmp_path: Path) -> None:
    server = start(1, 4)
    unfinished = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo"
    with ExitStack() as held, ThreadPoolExecutor(3) as others:
        address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
        clients = [held.enter_context(socket.create_connection(address, within(10))) for _ in range(8)]
        for client in clients:
            client.sendall(unfinished)
        slow = [others.submit(ask, server, f"/slow?{rank}") for rank in range(3)]
        assert eventually(lambda: len(list(tmp_path.glob("began-*"))) == 3, 10)
        assert ask(server, "/pid").isdigit()
        for client in clients:
            client.sendall(b"dy")
            answer = b""
            while not answer.endswith(b"\r\n\r\n/abody"):
                answer += client.recv(1000) or pytest.fail(f"closed after {answer!r}")
        (tmp_path / "go").touch()
        assert [one.result(within(10)) for one in slow] == ["/slow"] * 3


@pytest.mark.parametrize(
    "broken", [b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"Content-Length: 50\r\n\r\nabc"]
)
def test_a_broken_body_is_answered_as_a_fault_of_the_client(start: Start, broken: bytes) -> None:
    """And with no name of the server."""
    server = start(1, 2)
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), within(10)) as client:
        client.sendall(b"POST /a HTTP/1.1\r\nHost: a\r\n" + broken)
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while part := client.recv(1000):
            answer += part
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"granian" not in answer
    assert ask(server, "/pid").isdigit()


def test_a_hang_up_renews_the_workers_while_a_request_is_answered(start: Start, tmp_path: Path) -> None:
    server = start(1, 2)
    assert server.process is not None
    before = ask(server, "/pid")
    with ThreadPoolExecutor(1) as others:
        slow = others.submit(ask, server, "/slow?1")
        assert eventually((tmp_path / "began-1").exists, 10)
        server.process.send_signal(signal.SIGHUP)
        (tmp_path / "go").touch()
        assert slow.result(within(10)) == "/slow"
    assert eventually(lambda: len(pids(server) - {int(before)}) == len(pids(server)) == 1, 10)
    assert eventually(lambda: answers(f"{server.url}/x"), 10)


def test_an_end_while_a_worker_starts_is_not_waited_for(start: Start) -> None:
    """granian alone would wait until it kills that worker."""
    server = start(2, 2)
    assert server.process is not None
    for killed in pids(server):
        os.kill(killed, signal.SIGKILL)
        assert eventually(lambda gone=killed: not is_alive(gone), 10)  # type: ignore[misc]
    server.process.terminate()
    server.process.wait(within(10))


def test_when_no_worker_can_start_the_command_ends_with_a_message(tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    ended = subprocess.run(
        command(free_port(), 2, 2, tmp_path),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=within(30),
        check=False,
    )
    assert ended.returncode == 1
    lines = [json.loads(line) for line in (ended.stdout + ended.stderr).splitlines()]
    failed = next(line for line in lines if line["event"] == "worker_failed")
    assert failed["exception"][0]["exc_value"] == "broken"
    assert (lines[-1]["event"], lines[-1]["reason"]) == ("no_worker_starts", NONE_STARTS)


def test_an_end_between_the_look_and_the_wait_is_seen() -> None:
    class Unnoticed(WebServer):
        def _work(self, rank: int) -> None:
            time.sleep(within(60))

        def _renew_if_asked(self) -> None:
            """What is done last before the wait."""
            pid = self._workers[0].process.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

    server = Unnoticed(lambda: None, threads=1)
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    with ThreadPoolExecutor(1) as thread:
        watching = thread.submit(server._watch, woken)
        try:
            assert watching.result(within(20)) is False  # It ended before it began to serve.
        finally:
            server._signals.add(signal.SIGTERM)
            os.write(wake, b"!")
    os.close(woken)
    os.close(wake)


def test_a_worker_that_waits_to_be_started_again_is_started_once_when_all_are_renewed() -> None:
    started: list[int] = []

    class Counted(WebServer):
        def _start(self, rank: int) -> None:
            started.append(rank)

        def _stop(self, workers: Any) -> None:
            pass

    server = Counted(lambda: None, threads=1)
    server._workers[0] = cast(Any, None)
    server._due[0] = 0.0
    server._signals.add(signal.SIGHUP)
    server._renew_if_asked()
    server._start_due()
    assert started == [0]
    server._signals |= {signal.SIGHUP, signal.SIGTERM}
    server._renew_if_asked()
    assert started == [0]


class TestReplacements:
    """How long a worker that ended is waited with."""

    def test_the_first_is_replaced_at_once_then_later_and_later(self) -> None:
        replacements = Replacements()
        pauses = [replacements.pause(0, 0.5, had_started=True) for _ in range(8)]
        assert pauses == [0, 1, 2, 4, 8, 16, 30, 30]
        assert replacements.pause(1, 0.5, had_started=True) == 0

    def test_one_that_lived_for_long_begins_anew(self) -> None:
        replacements = Replacements()
        for _ in range(4):
            replacements.pause(0, 0.5, had_started=True)
        assert replacements.pause(0, 31, had_started=True) == 0

    def test_one_that_could_not_start_is_never_replaced_at_once(self) -> None:
        replacements = Replacements()
        assert [replacements.pause(0, 0.5, had_started=False) for _ in range(3)] == [1, 2, 4]


def test_a_client_whose_connection_came_before_the_end_is_answered(start: Start) -> None:
    """Its request is read after the signal, and the answer says that it is the last (RFC 9112 §9.6)."""
    server = start(1, 2)
    address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
    with socket.create_connection(address, within(10)) as kept, socket.create_connection(address, 10) as new:
        kept.sendall(b"GET /first HTTP/1.1\r\nHost: a\r\n\r\n")
        assert kept.recv(1000).endswith(b"/first")
        assert server.process is not None
        server.process.terminate()
        # Long enough for the signal to arrive, and shorter than a worker takes to leave.
        time.sleep(0.1)
        for client in (kept, new):
            client.sendall(b"POST /last HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
            answer = b"".join(iter(lambda client=client: client.recv(1000), b""))  # type: ignore[misc]
            assert answer.endswith(b"/last")
            assert b"connection: close" in answer
    assert server.process.wait(within(10)) == 0
