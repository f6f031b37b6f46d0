"""Real servers for the tests: started on a free port in their own directory, stopped and removed at the end.

Contains processes. Not here: a skip; a missing server is a failure that names the package to install.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from redis import Redis, RedisError

from tests.limits import within

_START_SECONDS = 20.0
_STOP_SECONDS = 10.0


class ServerUnavailable(Exception):
    """A server the tests need is not installed, or did not start."""


def free_port() -> int:
    """Returns a TCP port of 127.0.0.1 on which no process listens at this instant."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@dataclass
class RunningServer:
    """`start` after `stop` serves the same address again."""

    url: str
    command: list[str]
    answers: Callable[[], bool]
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    user: str | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.log.parent,
                user=self.user,
            )
        deadline = time.monotonic() + within(_START_SECONDS)
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise ServerUnavailable(f"{self.command[0]} did not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process is None:
            return
        # A paused process gets its signal only once it runs again.
        self.resume()
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(within(_STOP_SECONDS))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def pause(self) -> None:
        """The server hangs, with the processes it began: it keeps its connections and answers nothing."""
        self._send_to_all(signal.SIGSTOP)

    def resume(self) -> None:
        self._send_to_all(signal.SIGCONT)

    def _send_to_all(self, what: signal.Signals) -> None:
        assert self.process is not None
        for number in (self.process.pid, *_children(self.process.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, what)


def _children(parent: int) -> list[int]:
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # proc(5): the name in brackets may hold anything; the parent is the second field behind it.
            if int(place.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(place.parent.name))
    return found


@contextmanager
def redis_server(*, unix_socket: bool = False, more: Sequence[str] = ()) -> Iterator[RunningServer]:
    """An empty redis-server that writes nothing to disk. URL: redis://127.0.0.1:port/0, or unix://…

    `more`: further arguments of its command.
    """
    binary = _required(shutil.which("redis-server"), "redis-server", "redis-server")
    with _directory() as directory:
        port = 0 if unix_socket else free_port()
        place = directory / "redis.sock"
        url = f"unix://{place}?db=0" if unix_socket else f"redis://127.0.0.1:{port}/0"
        options = f"--port {port} --bind 127.0.0.1 --appendonly no --dir {directory}".split()
        options += ["--save", "", "--unixsocket", str(place), *more]
        server = RunningServer(url, [binary, *options], lambda: _redis_answers(url), directory / "redis.log")
        with _running(server):
            yield server


@contextmanager
def redis_sentinel(master_url: str, service: str) -> Iterator[RunningServer]:
    """One sentinel watching the server at `master_url` (redis://host:port/…). URL: redis+sentinel://…/service"""
    binary = _required(shutil.which("redis-server"), "redis-server", "redis-server")
    host, _, port_of_master = master_url.removeprefix("redis://").partition("/")[0].partition(":")
    with _directory() as directory:
        port = free_port()
        settings = directory / "sentinel.conf"
        settings.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {directory}\n"
            f"sentinel monitor {service} {host} {port_of_master} 1\n"
        )
        server = RunningServer(
            f"redis+sentinel://127.0.0.1:{port}/{service}",
            [binary, str(settings), "--sentinel"],
            lambda: _redis_answers(f"redis://127.0.0.1:{port}"),
            directory / "sentinel.log",
        )
        with _running(server):
            yield server


@contextmanager
def postgresql_server() -> Iterator[RunningServer]:
    """An empty cluster, run as the current user or, for root, as `postgres`. URL: on TCP."""
    binaries = _postgresql_binaries()
    user = "postgres" if os.getuid() == 0 else None
    with _directory(user) as directory:
        cluster, port = directory / "cluster", free_port()
        owner = user or pwd.getpwuid(os.getuid()).pw_name
        url = f"postgresql://{owner}@127.0.0.1:{port}/postgres"
        made = subprocess.run(
            [
                binaries / "initdb",
                "-D",
                cluster,
                "-U",
                owner,
                "--auth=trust",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync",
            ],
            user=user,
            cwd=directory,
            capture_output=True,
            check=False,
        )
        if made.returncode:
            raise ServerUnavailable(f"initdb failed:\n{made.stderr.decode()[-2000:]}")
        server = RunningServer(
            url,
            # fsync off: these tests kill processes, never the machine.
            [
                str(binaries / "postgres"),
                "-D",
                str(cluster),
                "-p",
                str(port),
                "-k",
                str(directory),
                "-F",
                "-c",
                "listen_addresses=127.0.0.1",
            ],
            lambda: _postgresql_answers(url),
            directory / "postgresql.log",
            # Fast shutdown: does not wait for clients to leave.
            signal.SIGINT,
            user,
        )
        with _running(server):
            yield server


@contextmanager
def _running(server: RunningServer) -> Iterator[None]:
    server.start()
    try:
        yield
    finally:
        server.stop()


@contextmanager
def _directory(user: str | None = None) -> Iterator[Path]:
    """A short path under the temporary directory: a unix socket's name has about 100 bytes."""
    path = Path(tempfile.mkdtemp(prefix="srv-"))
    if user is not None:
        shutil.chown(path, user)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _required(found: str | None, name: str, package: str) -> str:
    if found is None:
        raise ServerUnavailable(f"{name} is not installed: apt-get install {package}")
    return found


def _postgresql_binaries() -> Path:
    """The directory of the newest PostgreSQL installed; Debian keeps it out of PATH."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda path: int(path.parent.name))
    return Path(_required(shutil.which("initdb"), "postgresql", "postgresql")).parent


def _redis_answers(url: str) -> bool:
    with Redis.from_url(url) as client, contextlib.suppress(RedisError):
        return bool(client.ping())
    return False


def _postgresql_answers(url: str) -> bool:
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url, connect_timeout=2):
        return True
    return False
