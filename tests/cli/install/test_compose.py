"""docker-compose.yml and the Dockerfile, without an engine: what the image holds, in the environment of the services,
with real PostgreSQL and Redis, by the commands that the file tells first."""

import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
import yaml

from idp.settings import read_settings
from tests.limits import eventually, within
from tests.servers import free_port, postgresql_server, redis_server

ROOT = Path(__file__).parents[3]
COMPOSE: Mapping[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
#: What is in the image: the stage before only builds.
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8").rpartition("\nFROM ")[2]
ENV_FILE = {
    "CADUCEE_ISSUER": "https://id.example",
    "CADUCEE_CARD_HOST": "https://carte.example:8443",
    "CADUCEE_ISSUER_NAME": "id.example",
    "CADUCEE_CARD_NAME": "carte.example",
    "CADUCEE_APPLICATION_KEY": "k" * 43,
    "CADUCEE_PASSWORD_PEPPER": "p" * 43,
    "CADUCEE_SMTP_HOST": "smtp.example",
    "CADUCEE_MAIL_SENDER": "caducee@id.example",
    "POSTGRES_PASSWORD": "of-postgres",
    "REDIS_PASSWORD": "of-redis",
}


def environment(service: str) -> dict[str, str]:
    """As compose makes it from this `.env`."""

    def value(found: "re.Match[str]") -> str:
        name, rule, default = found.groups()
        assert name in ENV_FILE or rule == ":-", f"{name} has neither value nor default"
        return ENV_FILE.get(name, default or "")

    given: dict[str, str] = COMPOSE["services"][service]["environment"]
    return {name: re.sub(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}", value, text) for name, text in given.items()}


def mounts(service: str) -> dict[str, str]:
    """What is mounted in a service, by where it stands there."""
    volumes: list[str] = COMPOSE["services"][service].get("volumes", [])
    return {place.split(":")[1]: place.split(":")[0] for place in volumes}


class Image:
    """A directory with what the Dockerfile copies and the services mount."""

    def __init__(self, place: Path, database: str, redis: str) -> None:
        self.place = place
        for copied in re.findall(r"^COPY (\S+) \S+$", DOCKERFILE, re.MULTILINE):
            source = ROOT / copied
            (shutil.copytree if source.is_dir() else shutil.copy)(source, place / copied)
        shutil.copy(ROOT / "clients.yaml", place)
        for mounted in ("keys", "trust"):
            (place / mounted).mkdir(mode=0o700)
        self.moved = {
            "CADUCEE_DATABASE": database,
            "CADUCEE_REDIS": redis,
            "CADUCEE_CARD_LISTEN": f"unix:{place / 'card.sock'}",
            "CADUCEE_CARD_PROXY_USER": pwd.getpwuid(os.geteuid()).pw_name,
        }

    def start(self, *command: str, service: str = "idp-1") -> "subprocess.Popen[str]":
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CADUCEE_")}
        return subprocess.Popen(
            [sys.executable, "-m", "idp.cli", *command],
            cwd=self.place,
            env={**kept, **environment(service), **self.moved},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @contextmanager
    def running(self, *command: str, service: str = "idp-1") -> "Iterator[subprocess.Popen[str]]":
        """Ends it as an engine does; it must have obeyed."""
        process = self.start(*command, service=service)
        try:
            yield process
        finally:
            process.terminate()
            said, _ = process.communicate(timeout=within(30))
        assert process.returncode == 0, said

    def run(self, *command: str) -> str:
        process = self.start(*command)
        said, _ = process.communicate(timeout=within(60))
        assert process.returncode == 0, said
        return said


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    with postgresql_server() as postgresql, redis_server() as redis:
        with psycopg.connect(postgresql.url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE caducee")
        database = postgresql.url.removesuffix("/postgres") + "/caducee"
        made = Image(tmp_path_factory.mktemp("image"), database, redis.url)
        made.run("init")
        made.run("keys", "generate")
        charter = ROOT / "charters" / "2026-1.fr.md"
        made.run("charter", "publish", "--revision", "2026-1", "--fr", str(charter), "--yes")
        yield made


@pytest.mark.parametrize("service", ["idp-1", "idp-2", "card-host", "worker"])
def test_environment_of_each_service_is_read_and_mounts_are_where_it_looks(service: str) -> None:
    settings = read_settings(environment(service))
    home = re.search(r"^WORKDIR (\S+)$", DOCKERFILE, re.MULTILINE)
    assert home is not None
    needed = (settings.where.clients_file, settings.keys.directory, settings.card.trust_directory)
    socket = {"/run/caducee"} if service == "card-host" else set()
    assert mounts(service).keys() == {f"{home[1]}/{path}" for path in needed} | socket


def test_image_serves(image: Image) -> None:
    (command,) = re.findall(
        r'^CMD \["serve", "--host", "0.0.0.0", "--port", "8400"\]$', DOCKERFILE, re.MULTILINE
    )
    assert command
    port = free_port()
    with image.running("serve", "--host", "0.0.0.0", "--port", str(port)) as server:
        answer = ask(f"http://127.0.0.1:{port}/health/ready", server)
        assert (answer.status_code, answer.json()["status"]) == (200, "ready")
        document = requests.get(
            f"http://127.0.0.1:{port}/.well-known/openid-configuration", timeout=within(5)
        ).json()
        assert document["issuer"] == ENV_FILE["CADUCEE_ISSUER"]


@pytest.mark.parametrize("service", ["card-host", "worker"])
def test_other_services_start_and_end_when_told(image: Image, service: str) -> None:
    command = COMPOSE["services"][service]["command"]
    with image.running(*command, service=service) as process:
        assert eventually(lambda: awaits_its_end(process), 20)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=4)


def awaits_its_end(process: "subprocess.Popen[str]") -> bool:
    """Whether a handler for SIGTERM is in place: told before, a program that still starts ends by the signal."""
    caught = re.search(r"^SigCgt:\s*(\w+)$", Path(f"/proc/{process.pid}/status").read_text(), re.MULTILINE)
    return caught is not None and bool(int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)


def ask(url: str, server: "subprocess.Popen[str]") -> requests.Response:
    deadline = time.monotonic() + within(60)
    while True:
        try:
            return requests.get(url, timeout=within(5))
        except requests.ConnectionError:
            assert server.poll() is None, server.communicate()[0]
            assert time.monotonic() < deadline
        time.sleep(0.1)
