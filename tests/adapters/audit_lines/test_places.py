"""Where lines go: real files and real sockets."""

import contextlib
import json
import os
import resource
import signal
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.adapters.audit_lines.places import File, Output, place_of
from idp.core.audit_record import AuditRecord
from tests.adapters.audit_lines.test_lines import a_record
from tests.limits import within


def records(count: int = 3) -> list[AuditRecord]:
    return [a_record(number) for number in range(count)]


def numbers(text: str) -> list[int]:
    return [json.loads(line)["sequence"] for line in text.splitlines()]


def test_the_standard_output_gets_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert Output().send(records()) == 3
    assert numbers(capsys.readouterr().out) == [0, 1, 2]


def test_a_file_is_appended_to_for_its_owner_alone_and_may_be_renamed(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    place = place_of(f"file:{path}", "node")
    assert place.send(records()) == 3
    path.rename(tmp_path / "audit.1")
    assert place.send([a_record(9)]) == 1
    assert numbers((tmp_path / "audit.1").read_text()) == [0, 1, 2]
    assert numbers(path.read_text()) == [9]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_whose_directory_is_gone_takes_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        File(tmp_path / "gone" / "audit.jsonl").send(records())


@contextlib.contextmanager
def full_after(octets: int) -> Iterator[None]:
    """A file of this process cannot grow beyond: a write is cut short, and the next one fails, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_file_is_told_and_the_line_that_it_cut_comes_again(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    place, line = File(path), len(a_record(0).line()) + 1
    with full_after(2 * line + 20):
        assert place.send(records()) == 2
        with pytest.raises(OSError, match=r"large|space"):
            place.send(records()[2:])
    assert place.send(records()[2:]) == 1
    first, second, cut, again = path.read_text().splitlines()
    assert numbers("\n".join((first, second, again))) == [0, 1, 2]
    assert again.startswith(cut)


def header(message: str) -> tuple[str, dict[str, object]]:
    head, _, body = message.partition(" - ")
    return head, json.loads(body)


@pytest.mark.parametrize("kind", ["udp", "unix"])
def test_a_syslog_server_gets_a_datagram_each(tmp_path: Path, kind: str) -> None:
    family = socket.AF_UNIX if kind == "unix" else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as server:
        server.settimeout(within(5))
        server.bind(str(tmp_path / "log") if kind == "unix" else ("127.0.0.1", 0))
        where = tmp_path / "log" if kind == "unix" else f"127.0.0.1:{server.getsockname()[1]}"
        place = place_of(f"{kind}:{where}", "node-1")
        assert place.send(records()) == 3
        head, body = header(server.recv(4096).decode())
        # RFC 5424 §6: PRI VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID.
        wanted = f"<86>1 2026-11-23T12:00:00.000000Z node-1 caducee {os.getpid()} card:login:refused"
        assert head == wanted
        assert body["sequence"] == 0
        place.leave()  # type: ignore[union-attr]


def test_a_stream_says_how_long_each_message_is_and_is_opened_again() -> None:
    got: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = place_of(f"tcp:127.0.0.1:{server.getsockname()[1]}", "node")

        def serve(messages: int) -> None:
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as stream:
                for _ in range(messages):
                    length = int(b"".join(iter(lambda: stream.read(1), b" ")))
                    got.append(stream.read(length))

        for messages in (2, 1):
            thread = threading.Thread(target=serve, args=(messages,))
            thread.start()
            # The first message after the server closed the connection may be lost in it.
            while thread.is_alive():
                with contextlib.suppress(OSError):
                    place.send(records(messages))
                thread.join(0.05)
        place.leave()  # type: ignore[union-attr]
    assert [header(one.decode())[1]["sequence"] for one in got] == [0, 1, 0]


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_a_syslog_server_that_is_down_takes_none(tmp_path: Path, kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    where = tmp_path / "log" if kind == "unix" else f"127.0.0.1:{port}"
    with pytest.raises(OSError, match=r"refused|No such"):
        place_of(f"{kind}:{where}", "node").send(records())


def test_a_host_in_brackets_is_an_ipv6_address() -> None:
    assert place_of("udp:[::1]:514", "node").address == ("::1", 514)  # type: ignore[union-attr]
