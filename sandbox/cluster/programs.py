"""Which programs make the cluster, and how they are called.

Contains command lines, and what a first start prepares. Not here: what they are told (`files`), how processes live.
"""

import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator

from sandbox.cluster.binaries import Binary, Node, found, of_postgresql, owner_of_postgresql
from sandbox.cluster.files import DEPLOY, Cluster
from sandbox.demo import programs
from sandbox.demo.places import write_atomically
from sandbox.demo.processes import Children, Program
from sandbox.demo.programs import NotReady

_PAUSE_SECONDS = 0.03
_REDIS = str(DEPLOY / "cluster" / "redis.sh")


def redis(cluster: Cluster) -> Iterator[Binary]:
    """Returns two nodes, the first of which begins as master, and three sentinels."""
    found("redis-server", "redis-server")
    ports = cluster.ports
    for rank in range(2):
        yield _of_redis(cluster, "node", f"redis-{rank + 1}", ports.redis(rank))
    for rank in range(3):
        yield _of_redis(cluster, "sentinel", f"sentinel-{rank + 1}", ports.sentinel(rank))


def _of_redis(cluster: Cluster, kind: str, name: str, port: int) -> Binary:
    told = {
        "PLACE": str(cluster.redis(name)),
        "NAME": "127.0.0.1",
        "BIND": "127.0.0.1",
        "PORT": str(port),
        "MASTER_NAME": "127.0.0.1",
        "MASTER_PORT": str(cluster.ports.redis(0)),
        "REDIS_PASSWORD": cluster.places.secret("redis-password"),
    }
    return Binary(name, ("/bin/sh", _REDIS, kind), tuple(told.items()))


def postgresql(cluster: Cluster) -> Binary:
    arguments = (
        *(of_postgresql("postgres"), "-D", str(cluster.data)),
        *("-c", f"config_file={DEPLOY / 'cluster' / 'postgresql.conf'}"),
        *("-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={cluster.data}"),
        *("-p", str(cluster.ports.postgresql)),
    )
    # SIGTERM would wait for the providers' connections.
    return Binary("postgresql", arguments, user=owner_of_postgresql(), stop_signal=signal.SIGINT)


def prepare_postgresql(children: Children, cluster: Cluster) -> None:
    """Make the cluster of PostgreSQL, its one role with a password, and the database. Raises ChildDied, OSError."""
    if (cluster.data / "made").exists():
        return
    owner = owner_of_postgresql()
    shutil.rmtree(cluster.data, ignore_errors=True)
    cluster.data.mkdir(mode=0o700)
    password = cluster.data.with_name("postgresql-password")
    write_atomically(password, cluster.places.secret("postgres-password"), mode=0o600)
    if owner is not None:
        cluster.places.state.chmod(0o711)
        for mine in (cluster.data, password):
            shutil.chown(mine, owner, owner)
    options = (
        "-U",
        "caducee",
        f"--pwfile={password}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-locale",
    )
    initdb = (of_postgresql("initdb"), "-D", str(cluster.data), *options)
    children.run(Binary("initdb", initdb, user=owner))
    password.unlink()
    # A server of one client, which reads the statement from its input.
    single = (
        f"echo 'CREATE DATABASE caducee' | {of_postgresql('postgres')} --single -D {cluster.data} postgres"
    )
    children.run(Binary("createdb", ("/bin/sh", "-c", single), user=owner))
    (cluster.data / "made").touch()


def nginx(cluster: Cluster) -> Binary:
    place = cluster.nginx
    options = ("-p", str(place), "-c", str(place / "nginx.conf"), "-e", str(place / "error.log"))
    return Binary("nginx", (found("nginx", "nginx"), *options))


def provider(cluster: Cluster) -> Iterator[Program]:
    """Returns two of `idp serve`, the card host, and the worker."""
    for rank in range(2):
        where = ("--host", "127.0.0.1", "--port", str(cluster.ports.provider(rank)))
        # Both are on one machine, and each has an operations listener.
        told = (("CADUCEE_OPERATIONS_PORT", str(cluster.ports.operations(rank))),)
        yield Node(f"idp-{rank + 1}", ("idp.cli", "serve", "--workers", "1", *where), told)
    yield Program("card-host", ("idp.cli", "card-host"))
    yield Program("worker", ("idp.cli", "worker"))


def prepare(children: Children) -> None:
    """Prepare tables, signing keys and charter; each step does what is left of it. Raises ChildDied."""
    accepted = (0, programs.NOTHING_TO_DO)
    children.run(Program("database", ("idp.cli", "init")))
    children.run(Program("keys", ("idp.cli", "keys", "generate")), accepted)
    children.run(Program("charter", ("idp.cli", *programs.publish_charter())), accepted)


def wait_for_ports(ports: dict[str, int], check: Callable[[], None], seconds: float) -> None:
    """Until something listens on each. `check` raises when a program died. Raises NotReady."""
    deadline = time.monotonic() + seconds
    waiting = dict(ports)
    while waiting := {name: port for name, port in waiting.items() if not _listens(port)}:
        check()
        if time.monotonic() > deadline:
            raise NotReady(f"no answer from {', '.join(waiting)} within {seconds:g} s")
        time.sleep(_PAUSE_SECONDS)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
