"""A house in which `idp doctor` finds nothing but green: real stores, a relay, and the application at its issuer.

Contains its fixtures, and how a fault is staged in a copy. Not here: a fault.
"""

import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Engine
from werkzeug.serving import make_server

from idp.accounts.charter import CharterRevision
from idp.adapters.sql.backups import note_backup
from idp.adapters.sql.charters import SqlCharters
from idp.adapters.sql.database import open_database, writing
from idp.adapters.sql.heartbeats import SqlHeartbeats
from idp.app import create
from idp.core.finding import Finding
from idp.core.heartbeats import ALWAYS_RUN, Heartbeat, LaneState
from idp.settings import Settings, read_settings
from idp.settings.usable import Usable
from idp.wiring.doctor.examine import examine
from tests.adapters.mail.test_smtp import Received, Relay, smtp_relay
from tests.cli.serve.test_serve import make_pair
from tests.cli.test_bad_files import furnish, settings_of
from tests.commands import environment
from tests.made_once import keys_checked_once
from tests.servers import RunningServer, free_port, redis_server

CLIENT = """\
clients:
  - client_id: trajectoire
    client_name: ViaTrajectoire
    client_uri: https://trajectoire.example/
    client_secret: {file: secret}
    redirect_uris: ["https://trajectoire.example/callback"]
"""


def read(**told: str) -> Settings:
    return read_settings(environment(**told))


def findings(settings: Settings) -> tuple[Finding, ...]:
    return examine(Usable(settings=settings))


@dataclass
class House:
    """`told`: its settings, by their names in the environment without prefix."""

    place: Path
    told: dict[str, str]
    closing: ExitStack = field(default_factory=ExitStack)

    @property
    def settings(self) -> Settings:
        return read(**self.told)

    def first(self) -> Finding:
        return findings(self.settings)[0]

    @contextmanager
    def database(self) -> Iterator[Engine]:
        opened = open_database(self.told["DATABASE"])
        try:
            yield opened
        finally:
            opened.dispose()


@pytest.fixture(scope="module")
def relay() -> Iterator[Relay]:
    with smtp_relay(Received()) as running:
        yield running


@pytest.fixture(scope="module")
def redis() -> Iterator[RunningServer]:
    with redis_server(more=("--save", "3600 1")) as server:
        yield server


@pytest.fixture(scope="module")
def well(relay: Relay, redis: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    place = tmp_path_factory.mktemp("well")
    furnish(place)
    (place / "clients.yaml").write_text(CLIENT)
    (place / "secret").write_text(secrets.token_urlsafe(32))
    (place / "secret").chmod(0o600)
    house = House(
        place,
        settings_of(place)
        | {"CARD_CERTIFICATE_FILE": str(make_pair(place, days=400)[0])}
        | {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(relay.port), "REDIS": redis.url}
        | {"OPERATIONS_DISK_FREE": "0", "ISSUER": f"http://localhost:{free_port()}"},
    )
    with house.database() as database:
        publish(database, "2026-1", "mot " * 60)
        with writing(database) as connection:
            note_backup(connection, datetime.now(UTC), "")
    with keys_checked_once(), served(house.told["ISSUER"], create(house.settings)):
        yield house


@pytest.fixture
def house(well: House, tmp_path: Path) -> Iterator[House]:
    """A copy of it; its Redis is as it was afterwards."""
    shutil.copytree(well.place, tmp_path, dirs_exist_ok=True)
    told = {name: text.replace(str(well.place), str(tmp_path)) for name, text in well.told.items()}
    copied = House(tmp_path, told)
    with copied.database() as database:
        beat(database)
    with copied.closing:
        yield copied
    with closing(Redis.from_url(well.told["REDIS"])) as server:
        server.config_set("maxmemory-policy", "noeviction")
        server.config_set("save", "3600 1")


@contextmanager
def served(
    issuer: str, application: Callable[..., Any], pair: tuple[str, str] | None = None
) -> Iterator[None]:
    """The application at this address of loopback; `pair`: certificate and key, for https."""
    port = int(issuer.rpartition(":")[2])
    server = make_server("localhost", port, application, threaded=True, ssl_context=pair)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def publish(database: Engine, revision: str, text: str) -> None:
    now = datetime.now(UTC)
    SqlCharters(database).publish(CharterRevision(revision=revision, published_at=now, texts={"fr": text}))


def beat(database: Engine, node: str = "a", ahead: timedelta = timedelta()) -> None:
    now = datetime.now(UTC) + timedelta(minutes=5)
    SqlHeartbeats(database).beat(
        [
            Heartbeat(
                node=node,
                process="worker 1",
                lane=str(lane),
                at=datetime.now(UTC) + ahead,
                state=LaneState.RESTING,
                since=datetime.now(UTC),
                due_by=now,
            )
            for lane in ALWAYS_RUN
        ]
    )
