"""`idp doctor`: each fault of an installation is named, and first; what follows from it says so.

Contains the faults that are staged. Not here: the house that is well (`healthy_house`), what is seen from outside
(`test_doctor_outside`).
"""

import shutil
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from redis import Redis

from idp.adapters.sql.database import writing
from idp.adapters.sql.heartbeats import SqlHeartbeats
from idp.adapters.sql.outbox import SqlOutbox
from idp.adapters.sql.schema import charter_revisions, outbox
from idp.cli.worker.mail import test as send
from idp.core.clock import SystemClock
from idp.core.finding import Inquiry, State, Told, green
from idp.core.logs import silent_logs
from idp.core.mailer import Mail
from idp.wiring.doctor.asking import examine_all
from idp.wiring.doctor.examine import examine_running
from idp.wiring.parts import build_parts
from tests.adapters.mail.test_smtp import Received, Relay, relay_of, smtp_relay
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.cli.db import test_database as databases
from tests.cli.doctor.healthy_house import (
    CLIENT,
    House,
    beat,
    findings,
    house,
    publish,
    read,
    redis,
    relay,
    well,
)
from tests.cli.serve.test_serve import make_pair
from tests.cli.test_bad_files import furnish, settings_of
from tests.commands import idp
from tests.limits import within
from tests.made_once import place_igc
from tests.protocol.psc import listening
from tests.protocol.psc import settings_of as settings_of_psc
from tests.servers import free_port

__all__ = ["house", "redis", "relay", "well"]


@pytest.fixture(scope="module")
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        yield psc


def test_where_all_is_well_nothing_is_amber_and_what_is_not_there_is_said(house: House) -> None:
    found = findings(house.settings)
    assert [one for one in found if one.state is not State.GREEN] == []
    said = {one.name: one.says for one in found}
    assert said["Pro Santé Connect"] == "it is not set up: its door is not there"
    assert said["authorities of cards"] == "none is installed: the card door is not there"


def test_a_process_that_serves_finds_the_same_by_its_own_stores(house: House) -> None:
    parts = build_parts(house.settings)
    found = {one.name: one for one in examine_running(parts)}
    assert {one.name for one in findings(house.settings)} - found.keys() == {"settings"}
    assert {one.state for one in found.values()} == {State.GREEN}
    worker_gone(house)
    redis_down(house)
    # Its own stores, whatever the environment says by now.
    states = {one.name: one.state for one in examine_running(parts)}
    assert (states["Redis"], states["worker"]) == (State.GREEN, State.RED)
    parts.database.dispose()


def test_an_inquiry_that_hangs_or_breaks_keeps_nothing_of_the_others_back() -> None:
    ended = threading.Event()

    def hangs() -> Iterator[Told]:
        ended.wait(within(10))
        yield green("too late")

    def breaks() -> Iterator[Told]:
        raise KeyError("10000000017")

    asked = (
        Inquiry(name="after", look=lambda: iter([green("well")]), after=("hangs",)),
        Inquiry(name="well", look=lambda: iter([green("well")])),
        Inquiry(name="breaks", look=breaks),
        Inquiry(name="hangs", look=hangs),
    )
    with silent_logs():
        found = examine_all(asked, timedelta(seconds=0.3))
    ended.set()
    assert [(one.name, one.state, one.says) for one in found] == [
        ("breaks", State.RED, "it could not be looked at: KeyError"),
        ("hangs", State.RED, "no answer within 0 s"),
        ("after", State.AMBER, "not looked at: first « hangs »"),
        ("well", State.GREEN, "well"),
    ]


def redis_down(house: House) -> None:
    house.told["REDIS"] = f"redis://127.0.0.1:{free_port()}/0"


def redis_evicts(house: House) -> None:
    with closing(Redis.from_url(house.told["REDIS"])) as server:
        server.config_set("maxmemory-policy", "allkeys-lru")


def redis_forgets(house: House) -> None:
    with closing(Redis.from_url(house.told["REDIS"])) as server:
        server.config_set("save", "")


def relay_down(house: House) -> None:
    house.told["SMTP_PORT"] = str(free_port())


def clock_ahead(house: House) -> None:
    with house.database() as database:
        beat(database, "b", timedelta(seconds=40))


def no_signing_key(house: House) -> None:
    shutil.rmtree(house.place / "keys")


def certificate_ended(house: House) -> None:
    make_pair(house.place, days=-1)


def language_short(house: House) -> None:
    (house.place / "words").mkdir()
    (house.place / "words" / "messages.de.toml").write_text('[language]\ntag = "de"\n')
    house.told["LANGUAGES_DIRECTORY"] = str(house.place / "words")


def clients_broken(house: House) -> None:
    (house.place / "clients.yaml").write_text("clients: [")


def credential_ended(house: House) -> None:
    dated = "client_secrets: [{file: secret, not_after: 2026-01-01}]"
    (house.place / "clients.yaml").write_text(CLIENT.replace("client_secret: {file: secret}", dated))


def charter_demanded(house: House) -> None:
    (house.place / "clients.yaml").write_text(f"{CLIENT}    charters: [others]\n")


def charter_missing(house: House) -> None:
    with house.database() as database, writing(database) as connection:
        connection.execute(sa.delete(charter_revisions))


def charter_of_a_letter(house: House) -> None:
    with house.database() as database:
        publish(database, "2026-2", "x")


def worker_gone(house: House) -> None:
    with house.database() as database:
        SqlHeartbeats(database).leave("a", "worker 1")


def mail_waits(house: House) -> None:
    with house.database() as database:
        mail = Mail(to="a@b.example", subject="", text="", html="")
        SqlOutbox(database, SystemClock()).post(mail, expires_after_seconds=3600)
        with writing(database) as connection:
            connection.execute(sa.update(outbox).values(created_at=datetime.now(UTC) - timedelta(hours=1)))


def backup_old(house: House) -> None:
    house.told["OPERATIONS_BACKUP_AGE"] = "1"
    with house.database() as database, writing(database) as connection:
        connection.execute(sa.text("UPDATE backups SET taken_at = taken_at - 3600000000"))


def disk_full(house: House) -> None:
    # Temporary files of tests are in memory, which is nearly empty; this is a disk.
    keys = house.closing.enter_context(TemporaryDirectory(dir="/var/tmp"))
    shutil.copytree(house.place / "keys", keys, dirs_exist_ok=True)
    house.told |= {"KEYS_DIRECTORY": keys, "OPERATIONS_DISK_FREE": "99"}


def lists_stale(house: House) -> None:
    place_igc(house.place / "igc")
    files = sorted((house.place / "igc" / "ca").glob("*.pem"))
    house.told |= {
        "CARD_ROOT_FILES": ":".join(map(str, files)),
        "CARD_ACCEPT_TEST_CARDS": "true",
        "CARD_ACCEPT_EMPLOYEE_CARDS": "true",
        "CARD_OCSP_URL": "",
        "CARD_CRL_URLS": "http://localhost:9/list.crl",
    }


def audit_broken(house: House) -> None:
    with house.database() as database, writing(database) as connection:
        connection.execute(
            sa.text(
                "INSERT INTO audit_seals (day, chains, faults, previous, seal, sealed_at, has_no_address)"
                " VALUES (date('now'), '[]', 2, '', '', 0, 0)"
            )
        )


RED, AMBER = State.RED, State.AMBER
STAGED: Sequence[tuple[Callable[[House], None], State, str]] = (
    (redis_down, RED, "Redis"),
    (redis_evicts, RED, "Redis: eviction"),
    (redis_forgets, AMBER, "Redis: persistence"),
    (relay_down, RED, "mail relay"),
    (clock_ahead, RED, "clocks of the nodes"),
    (no_signing_key, RED, "signing keys"),
    (certificate_ended, RED, "certificates in files"),
    (language_short, RED, "files of the pages"),
    (clients_broken, RED, "relying parties"),
    (credential_ended, RED, "relying parties: credentials"),
    (charter_demanded, RED, "relying parties: charters"),
    (charter_missing, RED, "charter"),
    (charter_of_a_letter, AMBER, "charter"),
    (worker_gone, RED, "worker"),
    (mail_waits, AMBER, "mails"),
    (backup_old, AMBER, "backup"),
    (disk_full, AMBER, "disk"),
    (lists_stale, RED, "revocation lists"),
    (audit_broken, RED, "audit trail"),
)


@pytest.mark.parametrize(
    ("stage", "state", "name"), STAGED, ids=[stage.__name__ for stage, _state, _name in STAGED]
)
def test_a_fault_is_named_first_with_a_remedy(
    house: House, stage: Callable[[House], None], state: State, name: str
) -> None:
    stage(house)
    found = house.first()
    assert (found.name, found.state) == (name, state), found
    assert found.remedy


def test_what_needs_the_clients_waits_for_a_file_of_them_that_is_right(house: House) -> None:
    clients_broken(house)
    found = {one.name: one.says for one in findings(house.settings)}
    waits = "not looked at: first « relying parties »"
    assert (found["relying parties: credentials"], found["relying parties: charters"]) == (waits, waits)


def test_a_relay_that_refuses_the_password_and_one_in_the_clear_are_told(house: House) -> None:
    login = {"SMTP_USERNAME": "us", "SMTP_PASSWORD": "wrong", "SMTP_TLS": "starttls"}
    with relay_of("starttls", house.place) as relay:
        place = {"SMTP_PORT": str(relay.port), "SMTP_HOST": "localhost"}
        house.told |= login | place | {"SMTP_CA_FILE": str(house.place / "relay.pem")}
        found = house.first()
    assert (found.name, found.state) == ("mail relay", State.RED)
    assert found.says.endswith("it refuses the user name or the password (SMTPAuthenticationError)")
    assert found.remedy == "CADUCEE_SMTP_USERNAME, CADUCEE_SMTP_PASSWORD"


def test_a_test_mail_goes_to_the_relay_at_once_and_what_is_no_address_to_nobody(
    house: House, relay: Relay, capsys: pytest.CaptureFixture[str]
) -> None:
    relay.received.envelopes.clear()
    assert send(house.settings, Namespace(address="anne@chu.example")) == 0
    assert relay.received.message()["To"] == "anne@chu.example"
    assert "took a mail" in capsys.readouterr().out
    for address in ("anne", "anne@chu.example\nBcc: x@y.example"):
        assert send(house.settings, Namespace(address=address)) == 2
    assert len(relay.received.envelopes) == 1
    with smtp_relay(Received(of_recipient="550 5.1.1 no such")) as refusing:
        house.told["SMTP_PORT"] = str(refusing.port)
        assert send(house.settings, Namespace(address="anne@chu.example")) == 1
    assert capsys.readouterr().out.endswith("does not take it: 550 5.1.1\n")
    relay_down(house)
    assert send(house.settings, Namespace(address="anne@chu.example")) == 1
    assert "FAULT it cannot be reached" in capsys.readouterr().out


def test_pro_sante_connect_is_asked_as_by_its_own_check(house: House, psc: HostilePsc) -> None:
    house.told |= {name.upper(): text for name, text in settings_of_psc(psc).items()}
    house.told["PSC_CLIENT_SECRET"] = "another"
    found = house.first()
    assert (found.name, found.state) == ("Pro Santé Connect", State.RED)
    assert "idp psc check" in found.remedy


@pytest.mark.parametrize(
    "state",
    [
        databases.missing,
        databases.empty,
        databases.foreign,
        databases.corrupt,
        databases.older,
        databases.newer,
    ],
)
def test_each_state_of_a_database_is_the_first_line_and_what_needs_it_waits(
    tmp_path: Path, state: Callable[[Path], str]
) -> None:
    furnish(tmp_path)
    line = state(tmp_path / "db.sqlite")
    first, *others = findings(read(**settings_of(tmp_path)))
    assert (first.name, first.state) == ("database", State.RED)
    assert (first.says + "; " + first.remedy).endswith(line.replace(": ", "; ").replace(": ", "; "))
    waiting = {one.name for one in others if one.says == "not looked at: first « database »"}
    assert waiting >= {"charter", "worker", "mails", "backup"}


def test_faults_of_the_settings_are_told_all_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    furnish(tmp_path)
    told = settings_of(tmp_path) | {"SMTP_PROT": "25", "CODE_LIFE": "0"}
    ended = idp("doctor", **told)
    lines = [" ".join(line.split()) for line in ended.stdout.splitlines()]
    assert ended.returncode == 1
    assert lines[0].startswith("RED settings CADUCEE_SMTP_PROT: no such setting; did you mean")
    assert lines[1].startswith("RED settings CADUCEE_CODE_LIFE: ")
    assert any(line.startswith("GREEN database ") for line in lines)
    assert "Traceback" not in ended.stderr
