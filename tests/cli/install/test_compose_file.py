"""docker-compose.yml as a file: every part of the cluster is there, hardened, looked at, and finds what it mounts."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.install.test_compose import COMPOSE, ENV_FILE, ROOT, mounts

SANDBOX: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "cluster" / "sandbox.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"] | SANDBOX["services"]
PARTS = {
    *("nginx", "idp-1", "idp-2", "card-host", "worker", "postgres"),
    *("redis-1", "redis-2", "sentinel-1", "sentinel-2", "sentinel-3"),
}
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


def test_parts_are_those_of_make_cluster() -> None:
    assert COMPOSE["services"].keys() == PARTS


def test_sandbox_has_a_file_of_its_own_that_asks_for_nothing() -> None:
    assert SANDBOX["services"].keys() == {"sandbox"}
    assert "$" not in str(SANDBOX)
    (ROOT / "deploy" / "cluster" / SANDBOX["services"]["sandbox"]["build"]["context"] / "Dockerfile").stat()


def test_what_an_image_copies_is_given_to_its_build() -> None:
    given = set(re.findall(r"(?m)^!(\S+)$", (ROOT / ".dockerignore").read_text("utf-8")))
    copied = set(re.findall(r"(?m)^COPY (?!--from)(.+) \S+$", DOCKERFILE))
    assert copied == given


def test_each_node_has_as_many_workers_as_postgresql_reckons_connections_for() -> None:
    reckoned = re.search(
        r"\((\d) × (\d) × 16\)", (ROOT / "deploy/cluster/postgresql.conf").read_text("utf-8")
    )
    assert reckoned is not None
    nodes = [service["command"] for service in SERVICES.values() if "serve" in service.get("command", [])]
    assert [command[-2:] for command in nodes] == [["--workers", reckoned[2]]] * int(reckoned[1])
    served = " ".join(re.findall(r'"([^"]+)"', DOCKERFILE.rpartition("CMD ")[2]))
    assert all(" ".join(command[:-2]) == served for command in nodes)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_service_is_root_writes_to_its_image_or_has_a_right_of_the_kernel(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    if "build" in service:
        stage = re.search(rf" AS {service['build']['target']}$(.*?)(?=^FROM |\Z)", DOCKERFILE, re.M | re.S)
        assert stage is not None
        assert re.search(r"^USER caducee$", stage[1], re.M)
    else:
        assert service["user"] in ("101:101", "postgres", "redis")


@pytest.mark.parametrize("name", sorted(PARTS))
def test_each_part_says_whether_it_is_well(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


@pytest.mark.parametrize("name", sorted(PARTS))
def test_what_a_part_waits_for_has_a_health(name: str) -> None:
    waits = SERVICES[name].get("depends_on", {})
    for other in waits:
        assert other in PARTS
        is_asked = isinstance(waits, dict) and waits[other]["condition"] == "service_healthy"
        assert not is_asked or "test" in SERVICES[other]["healthcheck"]


@pytest.mark.parametrize("name", sorted(PARTS))
def test_files_mounted_from_the_repository_are_there(name: str) -> None:
    """But for those that the operator makes."""
    of_operator = {"./keys", "./trust", "./tls", "./clients.yaml"}
    for source in mounts(name).values():
        is_file = source.startswith("./")
        assert (
            (source in of_operator or (ROOT / source).exists()) if is_file else source in COMPOSE["volumes"]
        )


@pytest.mark.parametrize(("name", "port"), [("idp-1", "PORT"), ("idp-2", "PORT"), ("worker", "WORKER_PORT")])
def test_operations_listener_is_what_says_so(name: str, port: str) -> None:
    listens = SERVICES[name]["environment"][f"CADUCEE_OPERATIONS_{port}"]
    assert f"http://127.0.0.1:{listens}/livez" in SERVICES[name]["healthcheck"]["test"][-1]


def test_only_nginx_is_reached_from_outside() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"nginx"}


def test_nginx_finds_every_file_and_every_name_of_its_template() -> None:
    template = (ROOT / "deploy" / "cluster" / "nginx.conf.template").read_text("utf-8")
    given = SERVICES["nginx"]["environment"]
    assert set(re.findall(r"\$\{(\w+)\}", template)) == given.keys()
    mounted = mounts("nginx")
    for file in re.findall(r"\$\{CADUCEE_CONF\}/([\w.-]+)", template):
        assert f"{given['CADUCEE_CONF']}/{file}" in mounted
    assert {
        f"{SERVICES[name]['networks']['default']['ipv4_address']}:8400" for name in ("idp-1", "idp-2")
    } == {
        given["CADUCEE_NODE_1"],
        given["CADUCEE_NODE_2"],
    }


def test_every_name_of_the_env_file_is_told_when_it_is_missing() -> None:
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    needed = set(re.findall(r"\$\{(\w+):\?", text))
    assert needed == ENV_FILE.keys()


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_each_sentinel_watches_the_node_that_begins_as_master(rank: int) -> None:
    told = SERVICES[f"sentinel-{rank}"]["environment"]
    assert (told["NAME"], told["PORT"]) == (f"sentinel-{rank}", "26379")
    assert (told["MASTER_NAME"], told["MASTER_PORT"]) == (
        "redis-1",
        SERVICES["redis-1"]["environment"]["PORT"],
    )
    assert f"sentinel-{rank}:26379" in SERVICES["idp-1"]["environment"]["CADUCEE_REDIS"]
    assert mounts(f"sentinel-{rank}")["/data"] == f"sentinel-{rank}"


def test_stop_leaves_requests_under_way_their_time() -> None:
    for name in ("idp-1", "idp-2", "card-host", "worker"):
        assert SERVICES[name]["stop_grace_period"] == "30s"


def test_script_of_redis_is_one_that_an_image_can_start() -> None:
    script = Path(ROOT / "deploy" / "cluster" / "redis.sh")
    assert script.stat().st_mode & 0o111 == 0o111


def stage(name: str) -> str:
    found = re.search(rf" AS {name}$(.*?)(?=^FROM |\Z)", DOCKERFILE, re.M | re.S)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("name", "address"), [("idp", "127.0.0.1:8400/health/live"), ("demo", "localhost:8400/health/ready")]
)
def test_an_image_is_looked_at_where_it_serves(name: str, address: str) -> None:
    (look,) = re.findall(
        r'^HEALTHCHECK --start-period=\d+s CMD \["python", "-c", "([^"]+)"\]$', stage(name), re.M
    )
    assert f"http://{address}'" in look
    compile(look, name, "exec")


def test_the_image_of_the_demo_is_nobodys_root_and_names_no_address_to_listen_to() -> None:
    """The demo has no option for one: it listens on loopback."""
    demo = stage("demo")
    assert re.search(r"^USER caducee$", demo, re.M)
    entry = re.search(r"^ENTRYPOINT (\[.*\])$", demo, re.M)
    assert entry is not None
    assert yaml.safe_load(entry[1])[:3] == ["python", "-m", "sandbox.demo"]
    assert "--host" not in (ROOT / "sandbox" / "demo" / "__main__.py").read_text("utf-8")
    line = "docker run --rm --network host caducee/demo"
    assert f"\n{line}\n" in (ROOT / "docs" / "install.md").read_text("utf-8")
