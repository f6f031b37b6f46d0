"""`idp worker` as processes: logout notices reach relying parties once, with slow, killed or parallel workers."""

import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
import sqlalchemy as sa

from idp.accounts.grants import Grant
from idp.accounts.open_sessions import OpenSession, Origin
from idp.adapters.ephemeral_record import hashed
from idp.adapters.mail.sealed import SealedOutbox
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.database import open_database
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.logouts import SqlLogoutNotices
from idp.adapters.sql.open_sessions import SqlOpenSessions
from idp.adapters.sql.outbox import SqlOutbox
from idp.adapters.sql.schema import ephemeral, logout_notices, outbox
from idp.adapters.sql.store import SqlStore
from idp.core.clock import SystemClock
from idp.core.ephemeral import Kind
from idp.core.mailer import Mail
from idp.core.sealing import Sealer, derive_key
from tests.adapters.http.far_machine import FarMachine, far_machine, say
from tests.adapters.mail.test_smtp import Received, smtp_relay
from tests.commands import Started, environment, start
from tests.contracts.specimens import ALICE, NOON, an_account
from tests.limits import within
from tests.made_once import place_database, place_keys

_PATIENCE = 30


def eventually(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + within(_PATIENCE)
    while not is_so():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def sids_told(machine: FarMachine) -> Counter[str]:
    tokens = [parse_qs(body.decode())["logout_token"][0] for *_, body in list(machine.seen)]
    return Counter(jwt.decode(token, options={"verify_signature": False})["sid"] for token in tokens)


@dataclass
class Shop:
    """A provider's database, keys and clients, and the workers that run on them."""

    place: Path
    parties: dict[str, FarMachine]
    running: list[Started] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.url = place_database(self.place / "db.sqlite")
        place_keys(self.place / "keys")
        (self.place / "clients.yaml").write_text(
            "clients:\n" + "".join(_client(name, machine.port) for name, machine in self.parties.items())
        )
        self.database = open_database(self.url)
        SqlAccounts(self.database).add(an_account())

    def end_sessions(self, *clients: str, count: int = 1) -> None:
        grants, now = SqlGrants(self.database), SystemClock().now()
        for number in range(count):
            for client_id in clients:
                grants.add(
                    Grant(
                        id=f"{number} {client_id}",
                        account_id=ALICE,
                        client_id=client_id,
                        sid=f"sid-{number}",
                        # Of today: a worker that runs already would purge what is older.
                        granted_at=now,
                    )
                )
                grants.redeem(f"{number} {client_id}", now)
            grants.end_session(f"sid-{number}", now, clients)

    def states(self, client_id: str) -> list[str]:
        notices = SqlLogoutNotices(self.database).newest(1000, client_id=client_id, state=None)
        return [str(notice.state) for notice in notices]

    def post_mails(self, count: int) -> None:
        waiting = SqlOutbox(self.database, SystemClock())
        sealed = SealedOutbox(waiting, Sealer(derive_key("k" * 43, "seal")))
        for number in range(count):
            mail = Mail(to=f"dr{number}@hopital.example", subject="Code", text="text", html="html")
            sealed.post(mail, expires_after_seconds=3600)

    def leases(self) -> list[bool]:
        """Of each mail that waits, whether a worker is sending it."""
        with self.database.connect() as connection:
            return [
                until is not None for until in connection.execute(sa.select(outbox.c.leased_until)).scalars()
            ]

    def worker(self, **changes: str) -> Started:
        own = {
            "DATABASE": self.url,
            "KEYS_DIRECTORY": str(self.place / "keys"),
            "CLIENTS_FILE": str(self.place / "clients.yaml"),
            "OUTBOUND_NETWORKS": "127.0.0.0/8 ::1/128",
        }
        started = start("worker", environment=environment(**(own | changes)))
        self.running.append(started)
        return started


def _client(name: str, port: int) -> str:
    return f"""\
  - client_id: {name}
    client_name: {name}
    client_uri: http://localhost:{port}/
    token_endpoint_auth_method: none
    redirect_uris: ["http://localhost:{port}/callback"]
    backchannel_logout_uri: http://localhost:{port}/bye
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with ExitStack() as closing:
        parties = {name: closing.enter_context(far_machine()) for name in ("quick", "slow")}
        open_shop = Shop(tmp_path, parties)
        yield open_shop
        for process in open_shop.running:
            process.kill()
        open_shop.database.dispose()


def never_answer(machine: FarMachine) -> Callable[[BaseHTTPRequestHandler], Any]:
    return lambda _handler: machine.stopping.wait(60) and None


def test_two_workers_tell_of_each_session_once(shop: Shop) -> None:
    shop.end_sessions("quick", "slow", count=25)
    for _ in range(2):
        shop.worker()
    for name, machine in shop.parties.items():
        eventually(lambda name=name: set(shop.states(name)) == {"delivered"})
        assert sids_told(machine) == {f"sid-{number}": 1 for number in range(25)}


def test_relay_that_does_not_answer_delays_no_notice_and_no_purge(shop: Shop) -> None:
    over = SqlStore(shop.database, SystemClock())
    over.put(Kind.SESSION, "over", {}, timedelta(milliseconds=1))
    # Connections wait in its queue: nobody greets. Each costs the mails 10 s.
    with socket.create_server(("127.0.0.1", 0), backlog=50) as silent:
        shop.post_mails(20)
        shop.worker(SMTP_PORT=str(silent.getsockname()[1]))
        eventually(lambda: any(shop.leases()))
        shop.end_sessions("quick")
        eventually(lambda: shop.states("quick") == ["delivered"])
        eventually(lambda: is_gone(shop, "over"))
        assert len(shop.leases()) == 20


def is_gone(shop: Shop, key: str) -> bool:
    with shop.database.connect() as connection:
        found = sa.select(ephemeral.c.version).where(ephemeral.c.key_hash == hashed(key))
        return connection.execute(found).first() is None


def test_relying_party_that_never_answers_delays_no_other_and_no_mail(shop: Shop) -> None:
    shop.parties["slow"].reply = never_answer(shop.parties["slow"])
    shop.end_sessions("slow", "quick", count=25)
    shop.post_mails(3)
    with smtp_relay(Received()) as relay:
        shop.worker(SMTP_PORT=str(relay.port))
        eventually(lambda: shop.leases() == [])
    assert len(relay.received.envelopes) == 3
    eventually(lambda: set(shop.states("quick")) == {"delivered"})
    # One call of the slow one at a time, whatever is waiting.
    assert len(shop.parties["slow"].seen) <= 2
    assert "waiting" in shop.states("slow")


def test_notice_of_a_killed_worker_is_sent_by_the_next(shop: Shop) -> None:
    machine = shop.parties["slow"]
    machine.reply = never_answer(machine)
    shop.end_sessions("slow")
    killed = shop.worker()
    eventually(lambda: bool(machine.seen))
    killed.kill()
    assert shop.states("slow") == ["waiting"]
    machine.reply = say(b"")
    # Instead of the half minute that its lease has left.
    with shop.database.begin() as connection:
        connection.execute(sa.update(logout_notices).values(leased_until=SystemClock().now()))
    shop.worker()
    eventually(lambda: shop.states("slow") == ["delivered"])
    assert sids_told(machine) == {"sid-0": 2}


def test_one_mail_tells_of_the_new_browsers_of_some_minutes(shop: Shop) -> None:
    now = SystemClock().now()
    listed = SqlOpenSessions(shop.database)
    for number in range(2):
        listed.note(
            OpenSession(
                sid=f"sid-{number}",
                account_id=ALICE,
                started_at=now,
                door="password",
                origin=Origin(browser="Firefox", system="Linux", network="203.0.113.x"),
                ends_at=now + timedelta(hours=4),
                tell_at=now + timedelta(seconds=number * 3600),
            )
        )
    received = Received()
    with smtp_relay(received) as relay:
        shop.worker(SMTP_PORT=str(relay.port))
        eventually(lambda: len(received.envelopes) == 1)
    mail = received.message()
    assert (mail["To"], mail["Subject"]) == (an_account().email, "Connexion depuis un nouveau navigateur")
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().count("Firefox sur Linux, adresse 203.0.113.x") == 2


def test_worker_told_to_stop_ends_what_it_is_at_and_says_no_token(shop: Shop) -> None:
    machine = shop.parties["quick"]
    machine.reply = say(b"", 503)
    shop.end_sessions("quick")
    worker = shop.worker()
    eventually(lambda: len(machine.seen) == 1 and shop.states("quick") == ["waiting"])
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(within(20)) == 0
    log = worker.stderr
    assert "logout_not_delivered" in log
    for secret in ("eyJ", "sid-0", an_account().subject):
        assert secret not in log


def test_worker_erases_what_its_person_closed_and_warns_of_what_nobody_uses(shop: Shop) -> None:
    accounts = SqlAccounts(shop.database)
    accounts.add(an_account(2, closing_at=SystemClock().now() - timedelta(seconds=1)))
    accounts.add(an_account(3, created_at=NOON - timedelta(days=1000)))
    shop.worker()
    eventually(lambda: accounts.find_by_rpps(an_account(2).identity.rpps) is None)
    eventually(lambda: len(shop.leases()) == 2)
    with shop.database.connect() as connection:
        sent = dict(connection.execute(sa.select(outbox.c.recipient, outbox.c.subject)).tuples().all())
    assert sent == {
        an_account(2).email: "Votre compte est effacé",
        an_account(3).email: "Votre compte n'est plus utilisé",
    }
    assert accounts.get(ALICE) == an_account()
