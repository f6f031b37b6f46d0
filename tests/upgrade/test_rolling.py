"""The release before and today's code serve one database at once, each a real process, through the whole main job."""

import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from werkzeug.test import Client, TestResponse

from idp.adapters.sql.backends import parse_url, unopened_database
from idp.adapters.sql.schema import SCHEMA_REVISION
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.commands import Started, environment, start
from tests.documented import commands_of, run
from tests.flows.test_enrolment import TYPED
from tests.limits import within
from tests.protocol.psc import by_psc, listening, person, settings_of
from tests.provider import ISSUER, RP, SECRETS, Browser, Provider, answer_of, basic, write_house
from tests.servers import free_port
from tests.upgrade.test_rule import FORMER

FIRST, SECOND = "99700218896", "99700218904"
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


class World:
    """One database, and the operator who upgrades it."""

    def __init__(self, place: Path, templates: Path, psc: HostilePsc) -> None:
        self.place, self.psc, self.opened = place, psc, list[Engine]()
        self.settings = write_house(place, templates)
        self.at(Node(0)).register(RP, **REFRESHING)
        Path(self.settings.where.database.removeprefix("sqlite:///")).unlink()
        self.code = place / "former"
        with tarfile.open(FORMER) as archive:
            archive.extractall(self.code, filter="data")
        (place / "charter.md").write_text("# Charte\n\nLisez.")

    def told(self) -> dict[str, str]:
        where, keys = self.settings.where, self.settings.keys
        told = {
            "ISSUER": ISSUER,
            "CARD_HOST": "https://localhost:8443",
            "DATABASE": where.database,
            "CLIENTS_FILE": str(where.clients_file),
            "KEYS_DIRECTORY": str(keys.directory),
            "APPLICATION_KEY": keys.application,
            "PASSWORD_PEPPER": self.settings.password.pepper,
            "ARGON2_TIME": "1",
            "ARGON2_MEMORY_KIB": "8",
            "ENROLMENT_FROM_PSC": "true",
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
        publish = ["charter", "publish", "--revision", "2026-1", "--fr", "../charter.md"]
        program = f"from idp.cli import main; raise SystemExit(main(['init']) or main({publish}))"
        assert self._former("-c", program).wait(within(60)) == 0

    def at(self, node: Node) -> Provider:
        # Opened without a look at its schema: of which release it is, the tests decide.
        database = unopened_database(parse_url(self.settings.where.database))
        self.opened.append(database)
        return Provider(node, self.settings, database, None)  # type: ignore[arg-type]


@pytest.fixture
def world(tmp_path: Path, templates: Path) -> Iterator[World]:
    with listening() as psc:
        world = World(tmp_path, templates, psc)
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


def first_connection(house: Provider, psc: HostilePsc, rpps: str, email: str) -> tuple[Browser, str]:
    """From the relying party's door to the code: identified, enrolled, the mailbox proved, the charter accepted."""
    psc.lie = person(rpps)
    browser = house.browser()
    page = browser.submit(by_psc(browser, psc), "/enrolment", email=email, **TYPED)
    page = browser.submit(page, "/email_otp", code=house.last_code())
    assert "Charte" in page.text
    return browser, answer_of(browser.submit(page, "/charter", accepted="yes"))["code"]


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
        browser, code = first_connection(before, world.psc, FIRST, "nadia@hopital.example")
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
        other, code = first_connection(before, world.psc, SECOND, "n.autre@cabinet.example")
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
            # By way of Pro Santé Connect, whose session ends too.
            assert left.headers["Location"].startswith(world.psc.issuer)
            for node in (before, after):
                assert node.userinfo(token["access_token"]).status_code == 401
                leaving.client.application = node.app
                assert "/choice" in leaving.authorize().headers["Location"]
    assert "Traceback" not in (world.place / "former.log").read_text()
