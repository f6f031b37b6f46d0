"""The house that is counted: the real application in this process, real PostgreSQL and Redis, one person.

Contains putting it together; the stores are reached through relays that count, or directly. Not here: the flows
(`bench.driver.flows`), counting.
"""

import dataclasses
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric import ec

from bench.check.in_process import InProcess, Probe, completed, unwatched
from bench.check.wire import PostgresqlReader, RedisReader, Relay, Tally
from bench.driver.flows import Worker
from bench.driver.target import Endpoints, Target
from bench.peers.minimal import Floor
from idp.adapters.sql.database import initialise, open_database
from idp.app import create
from idp.core.clock import SystemClock
from idp.settings import Settings
from tests.configured import changed
from tests.key_files import key_directory, write_ring, write_short_pair
from tests.provider import ISSUER, PASSWORD, REDIRECT, RP, RPPS, SECRETS, enrol, write_house
from tests.servers import postgresql_server, redis_server

Application = Callable[..., Any]
_CODE = "27182818"
_CLIENT = f"""\
clients:
  - client_id: {RP}
    client_name: ViaTrajectoire
    client_uri: https://trajectoire.example/
    client_secret: {{file: {RP}}}
    redirect_uris: ["{REDIRECT}"]
    scopes: [openid, profile, email]
    grant_types: [authorization_code, refresh_token]
    id_token_signed_response_alg: ES256
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """`counted`: its stores stand behind relays; `direct`: the same house without them. `tally`: of the relays."""

    settings: Settings
    counted: Application
    direct: Application
    floor: Application
    tally: Tally
    sql_address: str

    def worker(self, application: Application, probe: Probe = unwatched) -> Worker:
        """Returns a browser and a relying party before this application."""
        return _worker(application, _TARGET, probe)

    def floor_worker(self, probe: Probe = unwatched) -> Worker:
        target = dataclasses.replace(
            _TARGET, users=[("user00", PASSWORD)], user_field="username", other_fields={}
        )
        return _worker(self.floor, target, probe)


_TARGET = Target(
    discovery_url=f"{ISSUER}/.well-known/openid-configuration",
    client_id=RP,
    client_secret=SECRETS[RP],
    redirect_uri=REDIRECT,
    users=[(RPPS, PASSWORD)],
    persons_each=1,
    user_field="rpps",
    other_fields={"code": _CODE},
    refresh_scope="openid profile email",
    refresh_parameters={},
)


def _worker(application: Application, target: Target, probe: Probe) -> Worker:
    read: list[Any] = []

    async def fetch() -> None:
        path = target.discovery_url.removeprefix(target.origin)
        answer = await InProcess(application).request(target.get(path))
        read.append(json.loads(answer.body))

    completed(fetch())
    return Worker(lambda *_address: InProcess(application, probe), target, Endpoints(target, read[0]), 0)


@contextmanager
def counted_house() -> Iterator[Counted]:
    """Raises ServerUnavailable, which names the package to install."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-check-")))
        sql = stack.enter_context(postgresql_server()).url.replace("postgresql://", "postgresql+psycopg://")
        redis = stack.enter_context(redis_server()).url
        tally = Tally()
        relays = [Relay(_address(sql), PostgresqlReader, tally), Relay(_address(redis), RedisReader, tally)]
        for relay in relays:
            stack.callback(relay.close)
        settings = _settings(directory, sql, redis)
        relayed = [_through(url, relay) for url, relay in zip((sql, redis), relays, strict=True)]
        behind = changed(settings, database=relayed[0], redis=relayed[1])
        yield Counted(
            settings=settings,
            counted=create(behind),
            direct=create(settings),
            floor=_floor(_address(redis)[1]),
            tally=tally,
            sql_address=relayed[0],
        )


def _settings(directory: Path, sql: str, redis: str) -> Settings:
    templates = directory / "templates"
    write_short_pair(templates / "keys", "20260101")
    write_ring(key_directory(templates / "keys", SystemClock()))
    (templates / "empty.sqlite").touch()
    house = directory / "house"
    house.mkdir()
    # The cheapest hash: hashes are counted, and what one costs is argon2's own.
    settings = write_house(
        house,
        templates,
        mail_code_fixed=_CODE,
        **dict.fromkeys(("sign_ins_per_ip", "password_tries_per_day", "mail_code_failures_per_day"), 10**6),
    )
    settings = changed(settings, database=sql, redis=redis)
    (house / "clients.yaml").write_text(_CLIENT)
    initialise(settings.where.database)
    database = open_database(settings.where.database)
    enrol(settings, database)
    database.dispose()
    return settings


def _floor(redis_port: int) -> Floor:
    fixture = {
        "client_id": RP,
        "client_secret": SECRETS[RP],
        "redirect_uri": REDIRECT,
        "users": [["user00", PASSWORD, _floor_hash()]],
    }
    key = ec.generate_private_key(ec.SECP256R1())
    return Floor(issuer=ISSUER, alg="ES256", key=key, fixture=fixture, redis_port=redis_port)


def _floor_hash() -> str:
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 0


def _through(url: str, relay: Relay) -> str:
    return url.replace(f":{_address(url)[1]}/", f":{relay.port}/")
