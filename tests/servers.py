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
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

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
    #: Of a Redis that speaks TLS, too.
    tls_port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = self.begin(log)
        deadline = time.monotonic() + within(_START_SECONDS)
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise ServerUnavailable(f"{self.command[0]} did not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.02)

    def begin(self, log: IO[bytes]) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=self.log.parent,
            user=self.user,
        )

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
def redis_sentinel(
    master_url: str, service: str, *, tls: Sequence[str] = (), more: Sequence[str] = ()
) -> Iterator[RunningServer]:
    """One sentinel watching the server at `master_url` (redis://host:port/…). URL: redis+sentinel://…/service

    `tls`: settings of TLS, which it then speaks on a port of its own, and to the server. `more`: further settings.
    """
    binary = _required(shutil.which("redis-server"), "redis-server", "redis-server")
    host, _, port_of_master = master_url.removeprefix("redis://").partition("/")[0].partition(":")
    with _directory() as directory:
        port = free_port()
        settings = directory / "sentinel.conf"
        settings.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {directory}\n"
            f"sentinel monitor {service} {host} {port_of_master} 1\n" + "".join(f"{line}\n" for line in more)
        )
        tls_port = free_port() if tls else 0
        server = RunningServer(
            f"redis+sentinel://127.0.0.1:{port}/{service}",
            [binary, str(settings), "--sentinel", *_tls_options(tls, tls_port, "--tls-replication")],
            lambda: _redis_answers(f"redis://127.0.0.1:{port}"),
            directory / "sentinel.log",
            tls_port=tls_port,
        )
        with _running(server):
            yield server


def _tls_options(tls: Sequence[str], port: int, among: str) -> Sequence[str]:
    """`among`: the option by which servers speak it to each other."""
    return ("--tls-port", str(port), among, "yes", *tls) if tls else ()


@contextmanager
def redis_cluster(*, replicas: int = 0, tls: Sequence[str] = ()) -> Iterator[list[RunningServer]]:
    """Three masters, and so many replicas of the first: a Cluster that shares the slots among them.

    The URL of each is redis+cluster://, and names it alone. `tls`: settings of TLS, which they then speak, too.
    """
    with ExitStack() as nodes:
        ours = [nodes.enter_context(redis_cluster_node(tls)) for _ in range(_MASTERS + replicas)]
        ports = [int(server.url.rpartition(":")[2]) for server in ours]
        share = 16384 // _MASTERS + 1
        for number, port in enumerate(ports):
            with Redis(port=port) as node:
                if number < _MASTERS:
                    node.execute_command(
                        "CLUSTER ADDSLOTSRANGE", number * share, min(16383, (number + 1) * share - 1)
                    )
                first = ours[0].tls_port or ports[0]
                node.execute_command("CLUSTER MEET", "127.0.0.1", first, ports[0] - _BUS_BELOW)
        _wait_for_all(lambda: all(_cluster_is_whole(port, len(ours)) for port in ports))
        with Redis(port=ports[0]) as first:
            master = first.execute_command("CLUSTER MYID")
        for port in ports[_MASTERS:]:
            with Redis(port=port) as node:
                node.execute_command("CLUSTER REPLICATE", master)
        _wait_for_all(lambda: all(_is_synchronised(port) for port in ports[_MASTERS:]))
        yield ours


def redis_masters(url: str) -> list[str]:
    """Returns the URL of each server that has records of the store at this URL."""
    if "+cluster" not in url:
        return [url]
    with Redis.from_url(url.replace("+cluster", ""), decode_responses=True) as node:
        slots = node.execute_command("CLUSTER SLOTS")
    return [f"redis://{master[0]}:{master[1]}" for _first, _last, master, *_replicas in slots]


_MASTERS = 3
_BUS_BELOW = 10000


@contextmanager
def redis_cluster_node(tls: Sequence[str] = ()) -> Iterator[RunningServer]:
    """Of no Cluster yet: it answers, and knows of no slot."""
    binary = _required(shutil.which("redis-server"), "redis-server", "redis-server")
    with _directory() as directory:
        # The bus of the nodes has a port of its own.
        port, tls_port = free_port_above(_BUS_BELOW + 1024), free_port() if tls else 0
        options = f"--port {port} --cluster-port {port - _BUS_BELOW} --bind 127.0.0.1 --appendonly no --dir {directory}"
        options += " --cluster-enabled yes --cluster-node-timeout 1000 --cluster-replica-validity-factor 0"
        options += " --repl-diskless-sync-delay 0 --repl-ping-replica-period 1"
        server = RunningServer(
            f"redis+cluster://127.0.0.1:{port}",
            [binary, *options.split(), "--save", "", *_tls_options(tls, tls_port, "--tls-cluster")],
            lambda: _redis_answers(f"redis://127.0.0.1:{port}"),
            directory / "redis.log",
            tls_port=tls_port,
        )
        with _running(server):
            yield server


def free_port_above(least: int) -> int:
    while (port := free_port()) < least:
        pass
    return port


def _cluster_is_whole(port: int, nodes: int) -> bool:
    with Redis(port=port, decode_responses=True) as node:
        told = node.execute_command("CLUSTER INFO")
        state = told if isinstance(told, dict) else dict(line.split(":", 1) for line in told.split())
        return bool(state["cluster_state"] == "ok" and int(state["cluster_known_nodes"]) == nodes)


def _is_synchronised(port: int) -> bool:
    with Redis(port=port, decode_responses=True) as node:
        told = node.info("replication")
        return bool(told["role"] == "slave" and told["master_link_status"] == "up")


def _wait_for_all(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + within(_START_SECONDS)
    while not is_so():
        if time.monotonic() > deadline:
            raise ServerUnavailable("the Redis Cluster did not come together")
        time.sleep(0.05)


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
