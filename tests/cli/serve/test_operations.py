"""A real `idp serve` of two workers, as its operator's monitoring sees it."""

import getpass
import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from idp.core.heartbeats import ALWAYS_RUN
from tests.adapters.granian.test_server import answers, pids
from tests.adapters.psc.hostile_psc import HostilePsc, Lie, say_status
from tests.cli.serve.test_serve import make_pair
from tests.cli.test_bad_files import furnish, settings_of
from tests.commands import ROOT, ForkedServer, Started, environment, idp, set_environment, start
from tests.demonstration import is_alive
from tests.limits import eventually, within
from tests.protocol.psc import listening, person
from tests.protocol.psc import settings_of as settings_of_psc
from tests.servers import RunningServer, free_port, redis_server
from tests.signals import signal_another_thread

Numbers = dict[tuple[str, frozenset[tuple[str, str]]], float]
RULES = ROOT / "deploy" / "observability" / "alerts.yml"


class Operated:
    """`idp serve` of two workers with its listener, and an `idp worker`."""

    def __init__(
        self,
        server: RunningServer,
        port: int,
        place: Path,
        worker: Started,
        worker_url: str,
        told: Mapping[str, str],
    ) -> None:
        self.server, self.url, self.place, self.told = server, f"http://127.0.0.1:{port}", place, told
        self.worker, self.worker_url = worker, worker_url

    def get(self, path: str) -> requests.Response:
        """On a connection of its own: any of the workers may answer."""
        return requests.get(f"{self.url}{path}", timeout=within(10), headers={"Connection": "close"})

    def numbers(self) -> Numbers:
        answer = self.get("/metrics")
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    def execute(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.place / "db.sqlite", timeout=within(10))) as database, database:
            return database.execute(statement, values).fetchall()

    def number(self, name: str, **labels: str) -> float:
        return self.numbers().get((name, frozenset(labels.items())), 0)

    def wrong(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.get("/readyz").json()
        return {fault["what"]: fault["makes"] for fault in answer["wrong"]}


@pytest.fixture(scope="module")
def redis() -> Iterator[RunningServer]:
    with redis_server() as server:
        yield server


@pytest.fixture(scope="module")
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.lie = person()
        yield psc


@pytest.fixture(scope="module")
def operated(
    redis: RunningServer, psc: HostilePsc, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operated]:
    """A house where all is well, on Redis and with Pro Santé Connect."""
    place = tmp_path_factory.mktemp("operated")
    furnish(place)
    (place / "charter.md").write_text("# Charte\n\n" + "Lisez. " * 50)
    (place / "card").mkdir()
    certificate, _key = make_pair(place / "card", days=400)
    told = settings_of(place) | {"CARD_OCSP_URL": ""}
    text = str(place / "charter.md")
    published = idp("charter", "publish", "--revision", "1", "--fr", text, "--yes", **told)
    assert published.returncode == 0, published.stderr
    port, operations, of_worker = free_port(), free_port(), free_port()
    told |= {name.upper(): value for name, value in settings_of_psc(psc).items()} | {
        "REDIS": redis.url,
        "CARD_CERTIFICATE_FILE": str(certificate),
        "OPERATIONS_PORT": str(operations),
        "OPERATIONS_WORKER_PORT": str(of_worker),
        "OPERATIONS_DISK_FREE": "0",
        "PSC_CIRCUIT_FAILURES": "1",
        "PSC_WATCH_EVERY": "1",
        "PSC_WATCH_WALLET": "false",
    }
    with pytest.MonkeyPatch.context() as patch:
        set_environment(patch, **told)
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("TMPDIR", str(place))
        command = ["serve", "--workers", "2", "--port", str(port), "--background", "off"]
        url = f"http://127.0.0.1:{port}"
        server = ForkedServer(url, command, lambda: answers(f"{url}/health/live"), place / "log")
        server.start()
        assert server.process is not None
        (numbers,) = place.glob(f"caducee-meters-*-{server.process.pid}-*")
        assert numbers.is_dir()
        worker = start("worker", environment=environment(**told))
        made = Operated(server, operations, place, worker, f"http://127.0.0.1:{of_worker}", told)
        try:
            assert eventually(lambda: server.log.read_text().count('"event": "argon2"') == 2, 20)
            yield made
        finally:
            made.worker.kill()
            server.stop()
    # What they counted is of no use to anybody else.
    assert not numbers.exists()


JWKS = {"endpoint": "GET /jwks", "status": "2xx"}


def test_the_listener_stands_apart_and_tells_sums_that_outlive_a_worker(operated: Operated) -> None:
    issuer = operated.server.url
    for path in ("/livez", "/readyz", "/metrics"):
        assert operated.get(path).status_code == 200, operated.get(path).text
        assert requests.get(f"{issuer}{path}", timeout=within(10)).status_code == 404
    for path in ("/jwks", "/health/ready", "/authorize"):
        assert operated.get(path).status_code == 404

    for _ in range(20):
        requests.get(f"{issuer}/jwks", timeout=within(10), headers={"Connection": "close"})
    requests.get(f"{issuer}/10000000017/{'x' * 40}", timeout=within(10))
    assert operated.number("caducee_request_seconds_count", **JWKS) == 20
    assert operated.number("caducee_request_seconds_count", endpoint="other", status="4xx") >= 1
    assert "10000000017" not in operated.get("/metrics").text

    killed = min(pids(operated.server))
    os.kill(killed, signal.SIGKILL)
    assert eventually(lambda: not is_alive(killed), 10)
    assert eventually(lambda: len(pids(operated.server)) == 2, 20)
    assert eventually(lambda: operated.server.log.read_text().count('"event": "argon2"') == 3, 20)
    assert operated.number("caducee_request_seconds_count", **JWKS) == 20
    for _ in range(10):
        requests.get(f"{issuer}/jwks", timeout=within(10), headers={"Connection": "close"})
    assert operated.number("caducee_request_seconds_count", **JWKS) == 30


def test_ready_says_to_the_operator_what_is_wrong_and_to_others_whether(operated: Operated) -> None:
    well = {"status": "ready", "wrong": [], "lines": []}
    assert eventually(lambda: operated.get("/readyz").json() == well, 30), operated.get("/readyz").text
    assert operated.get("/readyz?verbose").text == "ready\n"
    (operated.place / "clients.yaml").write_text("clients: [")
    assert eventually(lambda: operated.wrong() == {"relying parties": "degraded"}, 10)
    told = operated.get("/readyz?verbose").text.splitlines()
    assert told[0] == "degraded"
    assert told[1].startswith(f"degraded: relying parties: {operated.place / 'clients.yaml'}:1:11: ")
    assert requests.get(f"{operated.server.url}/health/ready", timeout=within(10)).json() == {
        "status": "ready"
    }
    (operated.place / "clients.yaml").write_text("clients: []\n")

    kept = operated.execute("SELECT * FROM charter_revisions")
    operated.execute("DELETE FROM charter_revisions")
    answer = operated.get("/readyz")
    assert (answer.status_code, answer.json()["wrong"][0]["what"]) == (503, "charter")
    outside = requests.get(f"{operated.server.url}/health/ready", timeout=within(10))
    assert (outside.status_code, outside.json()) == (503, {"status": "unavailable"})
    assert operated.get("/livez").status_code == 200
    assert operated.number("caducee_readiness", status="unavailable") == 1
    places = ",".join("?" * len(kept[0]))
    operated.execute(f"INSERT INTO charter_revisions VALUES ({places})", *kept[0])  # noqa: S608 of the test alone
    assert operated.get("/readyz").status_code == 200


def test_the_worker_has_a_listener_of_its_own(operated: Operated) -> None:
    assert eventually(lambda: answers(f"{operated.worker_url}/readyz"), 20)
    told = requests.get(f"{operated.worker_url}/metrics", timeout=within(10)).text
    assert 'caducee_lane_alive{lane="mails"} 1.0' in told
    assert "caducee_store_seconds_bucket" in told
    assert "caducee_door_open" not in told


def test_the_card_host_has_one_too(operated: Operated) -> None:
    port = free_port()
    told = dict(operated.told) | {
        "OPERATIONS_CARD_HOST_PORT": str(port),
        "CARD_LISTEN": f"unix:{operated.place}/card.sock",
        "CARD_PROXY_USER": getpass.getuser(),
    }
    card_host = start("card-host", environment=environment(**told))
    try:
        assert eventually(lambda: answers(f"http://127.0.0.1:{port}/readyz"), 20)
        for path, words in (
            ("livez", "alive"),
            ("readyz", '"status"'),
            ("metrics", 'caducee_store_up{store="redis"} 1'),
        ):
            answer = requests.get(f"http://127.0.0.1:{port}/{path}", timeout=within(10))
            assert (answer.status_code, words in answer.text) == (200, True), answer.text
        signs = "SELECT lane, state FROM heartbeats WHERE process = ?"
        given = partial(operated.execute, signs, f"card-host {card_host.pid}")
        assert eventually(lambda: given() == [("card_host", "working")], 10)
        signal_another_thread(card_host.pid, signal.SIGTERM)
        assert card_host.wait(within(20)) == 0
    finally:
        card_host.kill()


#: What each fault of the night makes true, with the labels of its alert.
NIGHT: dict[str, list[dict[str, str]]] = {
    "CaduceeUnavailable": [{"status": "unavailable"}],
    "CaduceeStoreDown": [{"store": "redis"}],
    "CaduceePscDown": [{}],
    "CaduceeDoorShut": [{"door": "psc"}, {"door": "password"}],
    "CaduceeCertificateEnding": [{"certificate": "card_host"}],
    "CaduceeCertificateEndsSoon": [{"certificate": "card_host"}],
    "CaduceeMailsWait": [{}],
    "CaduceeAuditBroken": [{}],
    "CaduceeWorkerDead": [{"lane": str(lane)} for lane in ALWAYS_RUN],
}


def _all_say_psc_is_down(operated: Operated) -> bool:
    return all(operated.numbers()["caducee_psc_up", frozenset()] == 0 for _ in range(8))


def test_a_night_sets_off_each_of_its_alerts_and_a_quiet_one_none(
    operated: Operated, psc: HostilePsc, redis: RunningServer, tmp_path: Path
) -> None:
    quiet = operated.numbers()
    assert fires(tmp_path / "quiet.yml", quiet, dict.fromkeys(NIGHT, ())) == ""

    psc.lie = Lie(instead={"discovery": say_status(503)})
    make_pair(operated.place / "card", days=5)
    operated.worker.kill()
    long_ago = [1767225600 * 10**6, 4070908800 * 10**6]
    operated.execute("UPDATE heartbeats SET at = ?, due_by = ?", long_ago[0], long_ago[0])
    operated.execute(
        "INSERT INTO outbox (recipient, subject, text, html, created_at, expires_at, not_before, attempts)"
        " VALUES ('', '', '', '', ?, ?, ?, 9)",
        *(long_ago[rank] for rank in (0, 1, 1)),
    )
    operated.execute(
        "INSERT INTO audit_seals (day, chains, faults, previous, seal, sealed_at, has_no_address)"
        " VALUES (date('now'), '[]', 2, '', '', 0, 0)"
    )
    # Either worker may be asked, and they agree by the store that stops next.
    is_down = partial(_all_say_psc_is_down, operated)
    assert eventually(is_down, 30)
    redis.stop()
    loud = operated.numbers()
    assert fires(tmp_path / "loud.yml", loud, NIGHT) == ""
    # A rule that could not be true would be found by the same means.
    assert "CaduceeSchemaApart" in fires(tmp_path / "not.yml", loud, {"CaduceeSchemaApart": [{}]})
    for _ in range(20):
        assert requests.get(f"{operated.server.url}/health/ready", timeout=within(10)).status_code == 503
    told = operated.server.log.read_text().count('"event": "store_down"')
    # Each worker tells it once a minute, with how often.
    assert 0 < told <= operated.number("caducee_store_failures_total", store="redis") / 2
    assert "Traceback" not in operated.server.log.read_text()


def fires(file: Path, numbers: Numbers, expected: Mapping[str, Sequence[Mapping[str, str]]]) -> str:
    """What promtool has against it that these alerts fire with these labels, and no others, when such are the numbers
    for two hours."""
    rules = {rule["alert"]: rule for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]}
    series = [
        {"series": f"{name}{{{_labels(labels)}}}", "values": f"{value}+0x120"}
        for (name, labels), value in numbers.items()
    ]
    tests = [
        {
            "alertname": name,
            "eval_time": "2h",
            "exp_alerts": [
                {
                    "exp_labels": {**rules[name]["labels"], **one},
                    "exp_annotations": rules[name]["annotations"],
                }
                for one in labels
            ],
        }
        for name, labels in expected.items()
    ]
    document = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": series, "alert_rule_test": tests}],
    }
    file.write_text(yaml.safe_dump(document, allow_unicode=True))
    tested = subprocess.run(
        ["promtool", "test", "rules", file], capture_output=True, text=True, check=False, timeout=within(60)
    )
    return "" if tested.returncode == 0 else tested.stdout + tested.stderr


def _labels(labels: frozenset[tuple[str, str]]) -> str:
    return ",".join(f"{name}={json.dumps(value)}" for name, value in sorted(labels))
