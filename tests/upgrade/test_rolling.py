"""The release before and today's code serve one database at once, SQLite or PostgreSQL, each a real process, through
the whole main job."""

import subprocess
import sys
import tarfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Engine
from werkzeug.serving import make_server
from werkzeug.test import Client, TestResponse

from idp.adapters.card_host.application import CardHost
from idp.adapters.card_host.http import CardRequest
from idp.adapters.sql.backends import parse_url, unopened_database
from idp.adapters.sql.schema import SCHEMA_REVISION
from idp.adapters.sql.store import SqlStore
from idp.core.clock import SystemClock
from idp.core.refusal_trail import RefusalTrail
from idp.settings import Settings
from sandbox.igc.responder import open_responder
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.commands import Started, environment, start
from tests.documented import commands_of, run
from tests.fakes import MemoryStore, RecordingAudit
from tests.flows.test_enrolment import TYPED
from tests.limits import within
from tests.made_once import place_igc
from tests.protocol.psc import by_psc, listening, person, settings_of
from tests.provider import ISSUER, RP, SECRETS, Browser, Provider, answer_of, basic, write_house
from tests.servers import free_port, postgresql_server
from tests.upgrade.test_rule import FORMER

FIRST, CARD = "99700218896", "nunez"
CARD_HOST = "https://localhost:8443"
REFRESHING = {"grant_types": "[authorization_code, refresh_token]"}


class Node:
    """A process of `idp serve`, as a WSGI application: the browser of the tests goes there."""

    def __init__(self, port: int) -> None:
        self.port = port

    def __call__(self, environ: Mapping[str, Any], start_response: Any) -> Iterable[bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=within(30))
        query = environ["QUERY_STRING"]
        address = environ["PATH_INFO"] + (f"?{query}" if query else "")
        headers = {
            name.removeprefix("HTTP_").replace("_", "-"): value
            for name, value in environ.items()
            if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
        }
        length = int(environ.get("CONTENT_LENGTH") or 0)
        connection.request(environ["REQUEST_METHOD"], address, environ["wsgi.input"].read(length), headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        start_response(f"{answer.status} {answer.reason}", answer.getheaders())
        return [body]

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.HTTPError):
            return False

    def wait(self, is_over: Any) -> "Node":
        deadline = time.monotonic() + within(40)
        while not self.is_ready():
            assert is_over() is None, "it ended"
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return self


@dataclass(frozen=True)
class Igc:
    """The test IGC, and its responder's address."""

    place: Path
    ocsp: str

    def card(self) -> bytes:
        """Returns the certificate of a card whose holder has no account."""
        text = (self.place / "cards" / f"{CARD}.crt").read_bytes()
        return x509.load_pem_x509_certificate(text).public_bytes(Encoding.DER)


class World:
    """One database, empty, and the operator who upgrades it. `code`: the former release's."""

    def __init__(self, place: Path, code: Path, settings: Settings, psc: HostilePsc, igc: Igc) -> None:
        self.place, self.code, self.settings, self.psc, self.igc = place, code, settings, psc, igc
        self.opened: list[Engine] = []
        self.at(Node(0)).register(RP, **REFRESHING)
        (place / "charter.md").write_text("# Charte\n\nLisez.")

    def told(self) -> dict[str, str]:
        where, keys = self.settings.where, self.settings.keys
        told = {
            "ISSUER": ISSUER,
            "CARD_HOST": CARD_HOST,
            "DATABASE": where.database,
            "CLIENTS_FILE": str(where.clients_file),
            "KEYS_DIRECTORY": str(keys.directory),
            "APPLICATION_KEY": keys.application,
            "PASSWORD_PEPPER": self.settings.password.pepper,
            "ARGON2_TIME": "1",
            "ARGON2_MEMORY_KIB": "8",
            "ENROLMENT_FROM_PSC": "true",
            "CARD_ROOT_FILES": str(self.igc.place / "ca" / "root.pem"),
            "CARD_ISSUING_FILES": str(self.igc.place / "ca" / "issuing.pem"),
            "CARD_OCSP_URL": self.igc.ocsp,
            "CARD_ACCEPT_TEST_CARDS": "true",
        }
        return told | {name.upper(): value for name, value in settings_of(self.psc).items()}

    def former(self, *arguments: str) -> "subprocess.Popen[str]":
        return self._former("-m", "idp.cli", *arguments)

    def _former(self, *arguments: str) -> "subprocess.Popen[str]":
        with (self.place / "former.log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, *arguments],
                cwd=self.code,
                env=environment(**self.told()) | {"PYTHONPATH": str(self.code)},
                stdout=subprocess.DEVNULL,
                stderr=log,
                text=True,
            )

    def prepare(self) -> None:
        """The first start of the former release, in one process."""
        publish = ["charter", "publish", "--revision", "2026-1", "--fr", str(self.place / "charter.md")]
        program = f"from idp.cli.main import main; raise SystemExit(main(['init']) or main({publish}))"
        assert self._former("-c", program).wait(within(60)) == 0

    def at(self, node: Node) -> Provider:
        # Opened without a look at its schema: of which release it is, the tests decide.
        database = unopened_database(parse_url(self.settings.where.database))
        self.opened.append(database)
        return Provider(node, self.settings, database, None)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of the former release; what its first process compiles, the second finds."""
    place = tmp_path_factory.mktemp("former")
    with tarfile.open(FORMER) as archive:
        archive.extractall(place, filter="data")
    return place


@pytest.fixture(scope="module")
def igc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Igc]:
    place = tmp_path_factory.mktemp("igc")
    place_igc(place)
    server = make_server("127.0.0.1", 0, open_responder(place), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Igc(place, f"http://127.0.0.1:{server.server_port}/igc/ocsp")
    server.shutdown()


@pytest.fixture(params=["sqlite", "postgresql"])
def world(
    request: pytest.FixtureRequest, tmp_path: Path, templates: Path, code: Path, igc: Igc
) -> Iterator[World]:
    with ExitStack() as opened:
        psc = opened.enter_context(listening())
        settings = write_house(tmp_path, templates)
        if request.param == "postgresql":
            url = opened.enter_context(postgresql_server()).url
            settings = replace(settings, where=replace(settings.where, database=url))
        world = World(tmp_path, code, settings, psc, igc)
        (tmp_path / "caducee.sqlite").unlink()
        yield world
        for database in world.opened:
            database.dispose()


@contextmanager
def former_node(world: World) -> Iterator[Node]:
    port = free_port()
    process = world.former("serve", "--port", str(port), "--workers", "1", "--threads", "4")
    try:
        yield Node(port).wait(process.poll)
    finally:
        process.terminate()
        process.wait(within(40))


@contextmanager
def todays_node(world: World) -> Iterator[Node]:
    port = free_port()
    process: Started = start(
        "serve",
        "--port",
        str(port),
        "--workers",
        "1",
        "--threads",
        "4",
        environment=environment(**world.told()),
    )
    try:
        yield Node(port).wait(process.poll)
    finally:
        process.send_signal(15)
        process.wait(within(40))


def by_card(world: World, house: Provider, browser: Browser) -> TestResponse:
    """By today's card host, which every node may meet; its TLS is the business of other tests."""
    left = browser.submit(browser.follow(browser.authorize()), "/cps")
    host = CardHost(
        store=SqlStore(house.database, SystemClock()),
        trail=RefusalTrail(RecordingAudit(), MemoryStore()),
        issuer=ISSUER,
        card_host=CARD_HOST,
        presentation_life=timedelta(minutes=1),
    )
    path, headers = left.headers["Location"].removeprefix(CARD_HOST), {"host": urlsplit(CARD_HOST).netloc}
    shown = host(
        CardRequest(path=path, query="", headers=headers, certificate_der=world.igc.card(), peer="127.0.0.1")
    )
    return browser.follow(browser.get(dict(shown.headers)["Location"].removeprefix(ISSUER)))


def first_connection(house: Provider, browser: Browser, form: TestResponse, email: str) -> str:
    """From the enrolment form of somebody identified to the code: enrolled, mailbox proved, charter accepted."""
    page = browser.submit(form, "/enrolment", email=email, **TYPED)
    page = browser.submit(page, "/email_otp", code=house.last_code())
    assert "Charte" in page.text
    return answer_of(browser.submit(page, "/charter", accepted="yes"))["code"]


def refreshed(house: Provider, token: str) -> TestResponse:
    return Client(house.app, TestResponse).post(
        "/token",
        base_url=ISSUER,
        data={"grant_type": "refresh_token", "refresh_token": token},
        headers=basic(RP, SECRETS[RP]),
    )


def goes_on(house: Provider, browser: Browser, tokens: Mapping[str, str]) -> dict[str, Any]:
    """Userinfo, refresh and single sign-on at this node, of what any node began. Returns the tokens of that sign-in."""
    browser.house = house
    browser.client.application = house.app
    assert house.userinfo(tokens["access_token"]).status_code == 200
    assert refreshed(house, tokens["refresh_token"]).status_code == 200
    found: dict[str, Any] = house.exchange(answer_of(browser.authorize())["code"]).get_json()
    return found


def test_the_former_release_and_today_s_do_the_main_job_on_one_schema(world: World) -> None:
    world.prepare()
    with ExitStack() as nodes:
        before = world.at(nodes.enter_context(former_node(world)))
        browser, world.psc.lie = before.browser(), person(FIRST)
        code = first_connection(before, browser, by_psc(browser, world.psc), "nadia@hopital.example")
        tokens = before.exchange(code).get_json()
        tokens = goes_on(before, browser, tokens)
        # Today's code does not serve on the former schema, and says what to do.
        refused = start("serve", "--port", str(free_port()), environment=environment(**world.told()))
        assert refused.wait(within(60)) == 1
        (line,) = refused.stderr.splitlines()
        assert line.endswith(f"has schema 0018, this code needs {SCHEMA_REVISION}: run `idp db upgrade`")
        # The schema is expanded under the former node, by the commands of the page.
        (world.place / "backups").mkdir()
        ended = run("idp db upgrade", world.place, world.told())
        assert (ended.returncode, ended.stdout) == (0, f"schema 0018 -> {SCHEMA_REVISION}\n"), ended
        tokens = goes_on(before, browser, tokens)
        other = before.browser()
        code = first_connection(before, other, by_card(world, before, other), "n.autre@cabinet.example")
        others = before.exchange(code).get_json()
        # Today's node serves beside it: what one began, the other goes on with, either way.
        after = world.at(nodes.enter_context(todays_node(world)))
        rest = [line for line, _ in commands_of("docs/upgrade.md") if line != "idp db upgrade"]
        assert len(rest) == 2
        named = {"$NODE": f"http://127.0.0.1:{after.app.port}", "$BACKUPS": str(world.place / "backups")}  # type: ignore[attr-defined]
        for line in rest:
            ended = run(line, world.place, world.told() | named)
            assert ended.returncode == 0, (line, ended)
        for house in (after, before, after):
            tokens = goes_on(house, browser, tokens)
            others = goes_on(house, other, others)
        for leaving, house, token in ((browser, after, tokens), (other, before, others)):
            leaving.house, leaving.client.application = house, house.app
            left = leaving.submit(leaving.get("/end_session"), "/end_session/confirm")
            # Of who came from there by way of Pro Santé Connect, whose session ends too.
            assert left.headers.get("Location", "").startswith(world.psc.issuer) == (leaving is browser)
            for node in (before, after):
                assert node.userinfo(token["access_token"]).status_code == 401
                leaving.client.application = node.app
                assert "/choice" in leaving.authorize().headers["Location"]
    assert "Traceback" not in (world.place / "former.log").read_text()
