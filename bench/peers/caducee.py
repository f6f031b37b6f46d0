"""Caducée itself, by its commands and its pages only: so another checkout of it is measured in the same way.

Contains its settings, starting it, enrolling the persons by their cards. Not here: its code.
"""

import base64
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.peers.cards import card_files, igc_directory, rpps_of
from bench.peers.fixture import CLIENT_ID, CLIENT_SECRET, PERSONS, REDIRECT_URI, client, password_of
from bench.processes import (
    PYTHON,
    ROOT,
    Group,
    Missing,
    fetch,
    free_port,
    listens,
    run,
    work_directory,
)
from bench.stores import start_postgresql, start_redis
from sandbox.demo.driver import Browser, Card

_MAIL_CODE = "27182818"
#: Every sign-in of a run is of one address and of a few persons.
_LIMITS = (
    *("MAIL_CODES_PER_MINUTE", "MAIL_CODES_PER_HOUR", "MAIL_CODES_PER_DAY", "MAIL_CODES_PER_IP"),
    *("MAIL_CODE_FAILURES_PER_DAY", "PASSWORD_POSTS_PER_IP", "PASSWORD_FREE_TRIES", "PASSWORD_TRIES_PER_DAY"),
    *("PASSWORD_FAILURES_IN_A_ROW", "SIGN_INS_PER_IP"),
)
_DRIVER_CORE = "1"


@dataclass(frozen=True, slots=True)
class House:
    """`store`: `servers` or `sqlite`. `is_before`: of the checkout BENCH_BEFORE instead of this one."""

    alg: str
    store: str
    is_before: bool = False

    @property
    def checkout(self) -> Path:
        """Raises Missing."""
        if not self.is_before:
            return ROOT
        place = Path(os.environ.get("BENCH_BEFORE", "")).resolve()
        if not (place / "idp" / "cli").is_dir():
            raise Missing(
                "BENCH_BEFORE must name a checkout of an earlier commit (git worktree add DIRECTORY COMMIT)"
            )
        return place

    @property
    def python(self) -> str:
        return os.environ.get("BENCH_BEFORE_PYTHON", PYTHON) if self.is_before else PYTHON


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One Caducée, its settings and where it listens."""

    house: House
    place: Path
    port: int
    card_port: int
    igc_port: int
    settings: Mapping[str, str]

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {**self.settings, "PYTHONPATH": str(self.house.checkout), "PYTHONDONTWRITEBYTECODE": "1"}

    def command(self, *words: str) -> list[str]:
        return [self.house.python, "-m", "idp.cli", *words]

    @property
    def database(self) -> str:
        return self.settings["CADUCEE_DATABASE"]

    @property
    def redis(self) -> str:
        return self.settings["CADUCEE_REDIS"]

    def target(self) -> dict[str, Any]:
        """Returns the members of `Target`."""
        return {
            **client(),
            "discovery_url": f"{self.issuer}/.well-known/openid-configuration",
            "users": [(rpps_of(rank), password_of(rank)) for rank in range(PERSONS)],
            "cards": card_files(),
            "card_authority": str(igc_directory() / "tls" / "ca.pem"),
            "user_field": "rpps",
            "other_fields": {"code": _MAIL_CODE},
            "refresh_scope": "openid profile email",
            "refresh_parameters": {},
        }


def start_caducee(house: House) -> Any:
    def start(started: Group, workers: int) -> Mapping[str, Any]:
        running = prepare(started, house)
        serve(started, running, workers)
        enrol(running)
        return running.target()

    return start


def prepare(started: Group, house: House) -> Running:
    """Start the stores and the test IGC, make database, keys, charter and lists. Returns what is to be served."""
    place = work_directory() / started.name
    shutil.rmtree(place, ignore_errors=True)
    (place / "keys").mkdir(parents=True, mode=0o700)
    database, redis = f"sqlite:///{place / 'caducee.sqlite'}", ""
    if house.store == "servers":
        database, redis = start_postgresql(started), f"redis://127.0.0.1:{start_redis(started)}/0"
    ports = {"port": free_port(), "card_port": free_port(), "igc_port": free_port()}
    settings = _settings(place, ports, database, redis)
    running = Running(house=house, place=place, settings=settings, **ports)
    _write_client(place, house.alg)
    environment, directory = running.environment, house.checkout
    responder = [PYTHON, "-m", "sandbox.igc.responder", igc_directory(), "--port", str(running.igc_port)]
    started.start(responder, started.aside, directory=ROOT, cores=_DRIVER_CORE)
    charter = place / "charter.md"
    charter.write_text("# Charte\n\n" + "Texte. " * 50)
    run(running.command("init"), environment=environment, directory=directory)
    run(running.command("keys", "generate"), environment=environment, directory=directory)
    publish = running.command("charter", "publish", "--revision", "1", "--fr", str(charter), "--yes")
    run(publish, environment=environment, directory=directory)
    started.wait(lambda: listens(running.igc_port), "sandbox.igc.responder")
    run(running.command("trust", "refresh"), environment=environment, directory=directory)
    return running


def serve(started: Group, running: Running, workers: int) -> None:
    options = {"environment": running.environment, "directory": running.house.checkout}
    command = running.command("serve", "--port", str(running.port), "--workers", str(workers))
    started.start(command, started.server, **options)
    started.start(running.command("card-host"), started.card_host, **options)
    started.wait(lambda: fetch(f"{running.issuer}/.well-known/openid-configuration"), "idp serve")
    started.wait(lambda: listens(running.card_port), "idp card-host")
    started.rest()


def enrol(running: Running) -> None:
    """The first connection of each person: card, form, mail code, charter. Raises NotOnThePage."""
    address = (
        f"{running.issuer}/authorize?client_id={CLIENT_ID}&redirect_uri={REDIRECT_URI}&response_type=code&scope=openid"
        f"&state=s&nonce=n&code_challenge={'c' * 43}&code_challenge_method=S256"
    )
    authority = igc_directory() / "tls" / "ca.pem"
    for rank, card in enumerate(card_files()):
        with Browser(Card(card["certificate"], card["key"]), authority, [REDIRECT_URI]) as browser:
            browser.get(address)
            browser.click("Se connecter par CPS")
            browser.submit(
                "Créer mon compte",
                email=f"mesure{rank:02d}@example.org",
                new_password=password_of(rank),
                address_line1="1 rue de la Mesure",
                postal_code="69001",
                address_level2="Lyon",
            )
            browser.submit("Valider", one_time_code=_MAIL_CODE)
            page = browser.submit("Valider", accepted=True)
            if "code" not in page.query:
                raise RuntimeError(f"enrolment ended at {page.status} {page.title} ({running.place})")


def _settings(place: Path, ports: Mapping[str, int], database: str, redis: str) -> dict[str, str]:
    igc, responder = igc_directory(), f"http://localhost:{ports['igc_port']}/igc"
    return {
        "CADUCEE_ISSUER": f"http://127.0.0.1:{ports['port']}",
        "CADUCEE_DATABASE": database,
        "CADUCEE_REDIS": redis,
        "CADUCEE_CLIENTS_FILE": str(place / "clients.yaml"),
        "CADUCEE_KEYS_DIRECTORY": str(place / "keys"),
        "CADUCEE_APPLICATION_KEY": _secret(),
        "CADUCEE_PASSWORD_PEPPER": _secret(),
        "CADUCEE_MAIL_CODE_FIXED": _MAIL_CODE,
        "CADUCEE_SMTP_HOST": "127.0.0.1",
        "CADUCEE_SMTP_PORT": "9",
        "CADUCEE_CARD_HOST": f"https://localhost:{ports['card_port']}",
        "CADUCEE_CARD_LISTEN": f"127.0.0.1:{ports['card_port']}",
        "CADUCEE_CARD_CERTIFICATE_FILE": str(igc / "tls" / "server.crt"),
        "CADUCEE_CARD_KEY_FILE": str(igc / "tls" / "server.key"),
        "CADUCEE_CARD_ROOT_FILES": str(igc / "ca" / "root.pem"),
        "CADUCEE_CARD_ISSUING_FILES": str(igc / "ca" / "issuing.pem"),
        "CADUCEE_CARD_ACCEPT_TEST_CARDS": "true",
        "CADUCEE_CARD_OCSP_URL": f"{responder}/ocsp",
        # A person signs in by card once in hours: each hand-over asks, as in use.
        "CADUCEE_CARD_OCSP_GOOD_FOR": "0",
        "CADUCEE_CARD_CRL_URLS": f"{responder}/CRL/ACI-FO-PP-TEST.crl",
        "CADUCEE_CARD_ROOT_CRL_URLS": f"{responder}/CRL/ACR-FO-TEST.crl",
        "CADUCEE_OUTBOUND_NETWORKS": "127.0.0.0/8 ::1/128",
        **{f"CADUCEE_{name}": "1000000" for name in _LIMITS},
    }


def _write_client(place: Path, alg: str) -> None:
    (place / "secret").write_text(CLIENT_SECRET)
    (place / "secret").chmod(0o600)
    (place / "clients.yaml").write_text(
        f"""\
clients:
  - client_id: {CLIENT_ID}
    client_name: Bench
    client_uri: http://127.0.0.1:9/
    client_secret: {{file: secret}}
    redirect_uris: ["{REDIRECT_URI}"]
    scopes: [openid, profile, email]
    grant_types: [authorization_code, refresh_token]
    id_token_signed_response_alg: {alg}
"""
    )


def _secret() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
