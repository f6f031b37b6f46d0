"""The parts of `make cluster` that can be seen without starting it (tests/journeys/test_cluster.py starts it)."""

import os
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from sandbox.cluster.binaries import Missing, found
from sandbox.cluster.files import DEPLOY, Cluster, write_files, write_nginx
from sandbox.cluster.ports import COUNT, ClusterPorts
from sandbox.demo.places import open_places
from sandbox.demo.ports import PortTaken
from tests.demonstration import free_port_base
from tests.made_once import place_igc


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    places, lock = open_places(tmp_path / "state")
    os.close(lock)
    place_igc(places.igc)
    made = Cluster(ClusterPorts.on(20000), places)
    write_files(made)
    return made


def test_missing_program_is_told_with_its_package() -> None:
    with pytest.raises(Missing, match="no-such-program is not installed: apt-get install a-package"):
        found("no-such-program", "a-package")


@pytest.mark.parametrize("rank", [0, 9, COUNT - 1])
def test_taken_port_is_told_with_what_it_is_for(rank: int) -> None:
    base = free_port_base(COUNT)
    with (
        socket.create_server(("127.0.0.1", base + rank)),
        pytest.raises(PortTaken, match=rf"{base + rank} \(the "),
    ):
        ClusterPorts.on(base).refuse_taken()


def test_every_port_is_another(cluster: Cluster) -> None:
    ports = cluster.ports
    behind = [ports.provider(0), ports.provider(1), ports.postgresql, ports.redis(0), ports.redis(1)]
    behind += [ports.sentinel(rank) for rank in range(3)]
    behind += [ports.operations(1), ports.operations_of_worker]
    assert behind == list(range(20013, 20000 + COUNT))
    assert ports.operations(0) == 20009
    assert ports.around.style_guide == 20012


def test_nginx_has_every_name_of_its_template_and_every_file(cluster: Cluster) -> None:
    write_nginx(cluster)
    served = (cluster.nginx / "served.conf").read_text()
    assert "${" not in served
    included = [line.split()[1].rstrip(";") for line in served.splitlines() if "include /" in line]
    assert len(included) == 6
    assert all(Path(file).is_file() for file in included)
    assert all(file.exists() for file in (cluster.nginx / "tls").iterdir())


def test_provider_is_told_the_proxy_and_no_tls_of_its_own(cluster: Cluster) -> None:
    told = cluster.provider_settings()
    assert told["CADUCEE_TRUSTED_PROXY_HOPS"] == "1"
    assert told["CADUCEE_ISSUER"] == "https://localhost:20000"
    assert not [name for name in told if name.startswith(("CADUCEE_TLS", "CADUCEE_MTLS"))]


@pytest.mark.parametrize(
    ("kind", "port", "said"),
    [
        ("node", "7001", ["masterauth a-secret", "requirepass a-secret"]),
        ("node", "7002", ["replicaof 127.0.0.1 7001"]),
        (
            "sentinel",
            "7003",
            ["sentinel monitor caducee 127.0.0.1 7001 2", "sentinel auth-pass caducee a-secret"],
        ),
    ],
)
def test_redis_is_told_its_part_once_and_keeps_what_it_notes(
    tmp_path: Path, kind: str, port: str, said: list[str]
) -> None:
    """What the sentinels decided stands in the file: a restart may not make a second master."""
    (tmp_path / "redis-server").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "redis-server").chmod(0o755)
    place = tmp_path / "place"
    place.mkdir()
    told = {
        "PLACE": str(place),
        "NAME": "127.0.0.1",
        "BIND": "127.0.0.1",
        "PORT": port,
        "MASTER_NAME": "127.0.0.1",
        "MASTER_PORT": "7001",
        "REDIS_PASSWORD": "a-secret",
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
    }
    command = [str(DEPLOY / "cluster" / "redis.sh"), kind]
    subprocess.run(command, env=told, check=True)
    file = place / f"{kind}.conf"
    lines = file.read_text().splitlines()
    assert set(said) <= set(lines)
    assert f"port {port}" in lines
    assert ("replicaof 127.0.0.1 7001" in lines) == (port == "7002")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_text("noted\n")
    subprocess.run(command, env=told, check=True)
    assert file.read_text() == "noted\n"
