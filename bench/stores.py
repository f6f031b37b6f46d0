"""The stores of a provider under measurement: new and empty, on a free port, ended with it.

Contains Redis and PostgreSQL. Not here: their settings beyond what a package brings: what is measured is as installed.
"""

import os
import shutil
import subprocess
from pathlib import Path

from bench.processes import (
    Group,
    NotStarted,
    free_port,
    listens,
    postgresql_directory,
    program,
    work_directory,
)


def start_redis(started: Group) -> int:
    """Returns the port of an empty server that writes nothing to the disk."""
    port = free_port()
    binary = program("redis-server")
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    started.start([binary, *options], started.stores)
    started.wait(lambda: listens(port), "redis-server")
    return port


def start_postgresql(started: Group) -> str:
    """Returns the address of a new cluster with the durability it is installed with. Raises Missing."""
    binaries, port = postgresql_directory(), free_port()
    owner: list[str | Path] = []
    place = _place_for_a_cluster() / f"cluster-{port}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(mode=0o700)
    if os.geteuid() == 0:  # the server refuses to run as root
        shutil.chown(place, "postgres", "postgres")
        owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    cluster = place / "data"
    make = [
        *owner,
        binaries / "initdb",
        "-D",
        cluster,
        "-A",
        "trust",
        "-U",
        "bench",
        "-E",
        "UTF8",
        "--no-locale",
    ]
    made = subprocess.run(make, capture_output=True, cwd=place, check=False)
    if made.returncode:
        raise NotStarted(f"initdb: {made.stderr.decode()[-500:]}")
    started.at_end(lambda: shutil.rmtree(place, ignore_errors=True))
    serve = [*owner, binaries / "postgres", "-D", cluster, "-p", str(port), "-h", "127.0.0.1", "-k", place]
    started.start(serve, started.stores, directory=place)
    ready = [binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    started.wait(lambda: subprocess.run(ready, check=False).returncode == 0, "postgres")
    return f"postgresql+psycopg://bench@127.0.0.1:{port}/postgres"


def _place_for_a_cluster() -> Path:
    """Returns a directory on a disk that the user `postgres` reaches: commits must cost what they cost."""
    place = work_directory()
    if os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in (place, *place.parents)):
        return place
    other = Path("/var/tmp/caducee-bench")  # noqa: S108 on a disk, which /tmp may not be
    other.mkdir(mode=0o755, exist_ok=True)
    return other
