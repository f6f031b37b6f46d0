"""The real application in this process: SQLite file, software keys, clients.yaml; and a browser that can sign in.

Contains how to reach a signed-in state without a card, once for all tests of the endpoints.
"""

import base64
import hashlib
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Engine
from werkzeug.test import Client, TestResponse

from idp.accounts.account import Account, AccountId
from idp.accounts.charter import CharterEvidence, CharterRevision
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.charters import SqlCharters
from idp.adapters.sql.database import OPEN_DATABASES, open_database
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.schema import audit_events, outbox
from idp.app import assemble
from idp.core.clock import SystemClock
from idp.core.readiness import Verdict
from idp.core.sealing import Sealer, derive_key
from idp.settings import Settings
from idp.settings.password import PasswordSettings
from idp.wiring.accounts import build_passwords
from idp.wiring.parts import Parts, build_parts
from idp.wiring.readiness import build_readiness
from idp.wiring.resources import build_clock_watch
from sandbox.igc.authorities import make_intermediate, make_root
from sandbox.igc.issuing import new_key
from tests.configured import settings_with
from tests.fakes import NOON
from tests.forms import form_to
from tests.key_files import key_directory, write_ring, write_short_pair
from tests.made_once import clients_parsed_once, keys_checked_once, place_database
from tests.people import an_account, an_identity

ISSUER = "http://localhost:8400"
RP = "viatrajectoire"
REDIRECT = "https://trajectoire.example/callback"
AFTER_LOGOUT = "https://trajectoire.example/signed-out"
RPPS, PASSWORD = "10000000017", "violon tambour 9 orage lac"
SECRETS = {
    RP: "secret-of-viatrajectoire-0123456789abcdef",
    "grand-age": "secret of:grand+age%41 é 0123456789abcdef",
    "poster": "secret-of-poster-0123456789abcdefghijk",
}
VERIFIER = "v" * 43
LONG_AGO = NOON - timedelta(days=300)
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()

_CLIENTS = f"""\
clients:
  - client_id: {RP}
    client_name: ViaTrajectoire
    client_uri: https://trajectoire.example/
    client_secret: {{file: {RP}}}
    redirect_uris: ["{REDIRECT}", "https://trajectoire.example/cb?tenant=a"]
    post_logout_redirect_uris: ["{AFTER_LOGOUT}", "https://trajectoire.example/bye?x=1"]
    scopes: [openid, profile, email, address, professional]
  - client_id: grand-age
    client_name: Trajectoire Grand Âge
    client_uri: https://grand-age.example/
    client_secret: {{file: grand-age}}
    redirect_uris: ["https://grand-age.example/callback"]
    post_logout_redirect_uris: ["https://grand-age.example/bye"]
    scopes: [openid]
    id_token_signed_response_alg: ES256
  - client_id: poster
    client_name: Poster
    client_uri: https://poster.example/
    client_secret: {{file: poster}}
    redirect_uris: ["https://poster.example/callback"]
    token_endpoint_auth_method: client_secret_post
  - client_id: public
    client_name: Public
    client_uri: http://127.0.0.1:9999/
    redirect_uris: ["http://127.0.0.1:9999/callback"]
    token_endpoint_auth_method: none
  - client_id: card-only
    client_name: Carte seule
    client_uri: https://card.example/
    client_secret: {{file: {RP}}}
    redirect_uris: ["https://card.example/callback"]
    minimum_acr: cps
"""


def basic(client_id: str, secret: str) -> dict[str, str]:
    text = urlencode({"": client_id})[1:] + ":" + urlencode({"": secret})[1:]
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def answer_of(response: TestResponse) -> dict[str, str]:
    """The parameters of a redirect, each single."""
    found = parse_qs(urlsplit(response.headers["Location"]).query, keep_blank_values=True)
    assert all(len(values) == 1 for values in found.values()), found
    return {name: values[0] for name, values in found.items()}


@dataclass
class Browser:
    """One browser: its cookies, and what a person does with it."""

    house: "Provider"
    client: Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = Client(self.house.app, response_wrapper=TestResponse)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, base_url=ISSUER, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        return self.client.post(path, base_url=ISSUER, **options)

    def authorize(self, **changes: str | None) -> TestResponse:
        return self.get(f"/authorize?{urlencode(authorization(**changes))}")

    def follow(self, response: TestResponse) -> TestResponse:
        """To the page that is due, or the redirect that leaves us."""
        while response.status_code == 303:
            location = response.headers["Location"]
            if not location.startswith("/"):
                break
            response = self.get(location)
        return response

    def submit(self, page: TestResponse, action_end: str, **typed: str) -> TestResponse:
        action, hidden = form_to(page.text, action_end)
        return self.follow(self.post(action, data={**hidden, **typed}))

    def prove(self, page: TestResponse) -> TestResponse:
        """Password, then the code of the mail; from the choice page."""
        page = self.submit(page, "/password", rpps=RPPS, password=PASSWORD)
        return self.submit(page, "/email_otp", code=self.house.last_code())

    def sign_in(self, **changes: str | None) -> str:
        """A whole sign-in. Returns the code."""
        response = self.follow(self.authorize(**changes))
        if response.status_code != 303:
            response = self.prove(response)
        return answer_of(response)["code"]


@dataclass
class Provider:
    """The application, and the database behind it."""

    app: Callable[..., Any]
    settings: Settings
    database: Engine
    account: Account
    parts: Parts | None = None

    def health(self) -> str:
        """What the operations listener says of it, but that no worker runs beside it."""
        assert self.parts is not None
        faults = build_readiness(self.parts, build_clock_watch(self.parts.resources)).judge().faults
        return str(Verdict(tuple(fault for fault in faults if fault.check.name != "worker")).status)

    @property
    def accounts(self) -> SqlAccounts:
        return SqlAccounts(self.database, shares_mailboxes=self.settings.email.shared)

    @property
    def charters(self) -> SqlCharters:
        return SqlCharters(self.database)

    @property
    def grants(self) -> SqlGrants:
        return SqlGrants(self.database)

    def browser(self) -> Browser:
        return Browser(self)

    def register(self, client_id: str, **members: str) -> "Provider":
        """Add these members to a client of clients.yaml, as an operator does. Returns itself."""
        file, line = self.settings.where.clients_file, f"  - client_id: {client_id}\n"
        head, found, others = file.read_text().partition(line)
        assert found, client_id
        file.write_text(head + line + "".join(f"    {name}: {it}\n" for name, it in members.items()) + others)
        return self

    def last_code(self) -> str:
        newest = sa.select(outbox.c.text).order_by(outbox.c.id.desc()).limit(1)
        with self.database.connect() as connection:
            sealed = connection.execute(newest).scalar_one()
        text = Sealer(derive_key(self.settings.keys.application, "seal")).open(sealed) or ""
        (code,) = re.findall(r"^\s*([0-9]{8})\s*$", text, re.MULTILINE)
        return str(code)

    def exchange(
        self,
        code: str,
        client: str = RP,
        /,
        headers: Mapping[str, str] | None = None,
        **changes: str | None,
    ) -> TestResponse:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
            **changes,
        }
        data = {name: value for name, value in form.items() if value is not None}
        sent = basic(client, SECRETS[client]) if headers is None else headers
        return Client(self.app, TestResponse).post("/token", base_url=ISSUER, data=data, headers=sent)

    def userinfo(self, token: str) -> TestResponse:
        return Client(self.app, TestResponse).get(
            "/userinfo", base_url=ISSUER, headers={"Authorization": f"Bearer {token}"}
        )


def authorization(**changes: str | None) -> dict[str, str]:
    """A good authorization request; None removes a parameter."""
    good: dict[str, str | None] = {
        "client_id": RP,
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": "openid",
        "state": "st/a=te&+%",
        "nonce": "nonce-1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    return {name: value for name, value in good.items() if value is not None}


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keys with their ring and an initialised database, copied for each provider: there are hundreds."""
    directory = tmp_path_factory.mktemp("templates")
    write_short_pair(directory / "keys", "20260101")
    write_ring(key_directory(directory / "keys", SystemClock()))
    place_database(directory / "empty.sqlite")
    with keys_checked_once(), clients_parsed_once():
        yield directory


def enrol(settings: Settings, database: Engine) -> Account:
    """A person who accepted the charter."""
    passwords = build_passwords(settings)
    account = an_account(
        id=AccountId("account-of-alice"),
        identity=an_identity(rpps=RPPS),
        password_hash=passwords.hash(PASSWORD),
        # By the clock of the application: no year must pass since.
        email_verified_at=datetime.now(UTC),
    )
    SqlCharters(database).publish(
        CharterRevision(revision="2026-1", published_at=LONG_AGO, texts={"fr": "# Charte\n\nLisez."})
    )
    SqlAccounts(database).add(account)
    SqlCharters(database).accept(
        CharterEvidence(
            account_id=account.id,
            revision="2026-1",
            text_sha256="0" * 64,
            accepted_at=LONG_AGO,
            authenticator="cps",
            client_id=RP,
        )
    )
    return SqlAccounts(database).get(account.id)


def write_house(directory: Path, templates: Path, **changes: Any) -> Settings:
    """Write the files of one provider. Returns its settings. Cheap hashes, and room for many sign-ins of one person."""
    shutil.copytree(templates / "keys", directory / "keys")
    shutil.copy(templates / "empty.sqlite", directory / "caducee.sqlite")
    (directory / "clients.yaml").write_text(_CLIENTS)
    for client_id, secret in SECRETS.items():
        (directory / client_id).write_text(secret)
    told: dict[str, Any] = {
        "issuer": ISSUER,
        "argon2_time": 1,
        "argon2_memory_kib": 8,
        "mail_codes_per_minute": 10**6,
        "mail_codes_per_hour": 10**6,
        "mail_codes_per_day": 10**6,
        "mail_codes_per_ip": 10**6,
        "password_posts_per_ip": 10**6,
        "client_guesses_most": 10**6,
    }
    return settings_with(
        card_host="https://localhost:8443",
        database=f"sqlite:///{directory / 'caducee.sqlite'}",
        clients_file=directory / "clients.yaml",
        keys_directory=directory / "keys",
        application_key="k" * 43,
        password_pepper="p" * 43,
        **{**told, **changes},
    )


@pytest.fixture(scope="session")
def app_factory(
    templates: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Provider]]:
    people = _People(tmp_path_factory.mktemp("people"))

    def make(**changes: Any) -> Provider:
        settings = write_house(tmp_path_factory.mktemp("provider"), templates, **changes)
        _rest()
        database, account = people.placed(settings)
        parts = build_parts(settings)
        return Provider(assemble(parts), settings, database, account, parts)

    yield make
    _rest()


def _rest() -> None:
    """Those of before, the application's own too, connect again if they are used: a worker makes some hundred."""
    for used in list(OPEN_DATABASES):
        used.dispose()


@dataclass(frozen=True)
class _People:
    """A database with its person for each way to keep passwords, made once and copied."""

    directory: Path
    known: dict[PasswordSettings, tuple[Path, Account]] = field(default_factory=dict)

    def placed(self, settings: Settings) -> tuple[Engine, Account]:
        file = Path(settings.where.database.removeprefix("sqlite:///"))
        if settings.password not in self.known:
            database = open_database(settings.where.database)
            account = enrol(settings, database)
            database.dispose()
            kept = shutil.copy(file, self.directory / f"{len(self.known)}.sqlite")
            self.known[settings.password] = kept, account
        kept, account = self.known[settings.password]
        shutil.copy(kept, file)
        return open_database(settings.where.database), account


@pytest.fixture(scope="session")
def every_door(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Returns settings that open all three doors: no test here goes through that of the card or of PSC."""
    now = datetime.now(UTC)
    root = make_root("ROOT", new_key(), now)
    issuing = make_intermediate("ISSUING", new_key(), root, now)
    file = tmp_path_factory.mktemp("igc") / "authorities.pem"
    file.write_bytes(b"".join(one.certificate.public_bytes(Encoding.PEM) for one in (root, issuing)))
    return {
        "card_root_files": (Path(file),),
        "card_accept_test_cards": True,
        "card_ocsp_url": "https://ocsp.invalid/",
        "psc_issuer": "https://psc.invalid",
        "psc_client_id": "caducee",
        "psc_client_secret": "s" * 43,
    }


@pytest.fixture(scope="module")
def provider(app_factory: Callable[..., Provider]) -> Provider:
    """One for the tests of a module that do not change the account."""
    return app_factory()


@pytest.fixture
def fresh(app_factory: Callable[..., Provider]) -> Provider:
    """One of its own, for a test that changes the account, the charter or the clients."""
    return app_factory()


@pytest.fixture
def browser(provider: Provider) -> Browser:
    return provider.browser()


def audited(provider: Provider) -> list[str]:
    with provider.database.connect() as connection:
        return list(connection.execute(sa.select(audit_events.c.event).order_by(audit_events.c.id)).scalars())
