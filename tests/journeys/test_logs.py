"""What is written down while people sign in: nothing that opens a door, nothing that names a person."""

import hashlib
import json
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from sandbox.demo.driver import Browser, Page
from tests.demonstration import Demonstration
from tests.journeys import gestures as do
from tests.journeys.own_party import OwnParty
from tests.limits import within

Browse = Callable[..., Browser]
#: The provider's own programs; the others belong to the sandbox and play other parties.
PROVIDER = ("provider", "card-host")
#: Parameters of addresses that open something, wherever they stand.
BEARERS = ("code", "state", "presentation", "id_token_hint", "nonce", "code_challenge")
#: Their values are words that anybody may read: a language, a door.
OPEN_COOKIES = ("caducee_locale", "caducee_door")
WRONG_PASSWORD = "grenouille 17 sous la pluie battante"


class Secrets:
    """Everything said, typed and carried during the journeys, by name."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def add(self, name: str, value: str | None) -> None:
        if value and len(value) >= 6:
            self.known[f"{name} {len(self.known)}"] = value

    def page(self, page: Page) -> None:
        for hop in page.hops:
            parts = urlsplit(hop)
            for name, value in parse_qsl(parts.query):
                if name in BEARERS:
                    self.add(name, value)
            if "/card/" in hop:
                self.add("attempt", parts.path.rpartition("/")[2])

    def browser(self, browser: Browser) -> None:
        self.page(browser.page)
        for cookie in browser.cookies:
            if cookie.name.startswith("caducee_") and cookie.name not in OPEN_COOKIES:
                self.add(cookie.name, cookie.value)
                for part in (cookie.value or "").split(".")[1:]:
                    self.add(f"secret of {cookie.name}", part)

    def found_in(self, text: str) -> set[str]:
        return {name.rpartition(" ")[0] for name, value in self.known.items() if value in text}


@pytest.fixture
def secrets(demo: Demonstration) -> Secrets:
    known = Secrets()
    for client in demo.ready["clients"]:
        known.add("client secret", client["client_secret"])
    for place in (demo.state / "secrets").iterdir():
        known.add("secret file", place.read_text().strip())
    for account in demo.ready["accounts"]:
        for name in ("rpps", "email", "password"):
            known.add(name, account[name])
    known.add("family name", "MARTIN")
    known.add("wrong password", WRONG_PASSWORD)
    return known


def logs(demo: Demonstration) -> dict[str, str]:
    return {path.stem: path.read_text("utf-8", "replace") for path in (demo.state / "logs").glob("*.log")}


def journeys(demo: Demonstration, browse: Browse, secrets: Secrets) -> None:
    """A handful: the good ones, and those that fail."""
    martin, party = demo.account("martin"), OwnParty.of(demo)
    by_password = browse()
    party.ask(by_password)
    do.type_password(by_password, martin["rpps"], WRONG_PASSWORD)
    secrets.browser(by_password)
    do.type_password(by_password, martin["rpps"] + "x", WRONG_PASSWORD)
    last = do.last_mail(demo, martin["email"])
    do.type_password(by_password, martin["rpps"], martin["password"])
    code = do.next_code(demo, martin["email"], last)
    secrets.add("mail code", code)
    by_password.submit("Valider", one_time_code=f"{(int(code) + 1) % 10**8:08d}")
    by_password.submit("Valider", one_time_code=code)
    secrets.browser(by_password)
    finish(demo, party, by_password, secrets)
    by_card = browse("martin")
    party.ask(by_card)
    secrets.browser(by_card)
    do.by_card(by_card)
    secrets.browser(by_card)
    finish(demo, party, by_card, secrets)
    by_psc = browse()
    do.arrive(by_psc, demo)
    do.by_psc_card(by_psc, "martin")
    secrets.browser(by_psc)
    secrets.page(do.sign_out(by_psc, demo))
    for card in ("expired", "bad-luhn", "employee-cpa-nominative"):
        refused = browse(card)
        do.arrive(refused, demo)
        do.by_card(refused)
        secrets.browser(refused)


def finish(demo: Demonstration, party: OwnParty, browser: Browser, secrets: Secrets) -> None:
    """Tokens, then the same code again, a wrong secret, a forged hint."""
    code = party.answer(browser.page)["code"]
    for name in ("verifier", "nonce", "state"):
        secrets.add(name, getattr(party, name))
    received = party.redeem(code).json()
    secrets.add("access token", received["access_token"])
    secrets.add("ID token", received["id_token"])
    secrets.add("signature", received["id_token"].rpartition(".")[2])
    assert party.userinfo(received["access_token"]).status_code == 200
    assert party.redeem(code).status_code == 400
    secrets.add("wrong secret", "wrong-secret-of-this-test")
    wrong = OwnParty(party.issuer, party.client_id, "wrong-secret-of-this-test", party.redirect_uri)
    assert wrong.redeem(code).status_code == 401
    browser.get(f"{demo.issuer}/end_session?id_token_hint={received['id_token'][:-9]}")
    browser.get(f"{demo.issuer}/userinfo?access_token={received['access_token']}")


def damage(demo: Demonstration, interaction_id: str) -> None:
    """A record that cannot be read: only a fault of ours could write it."""
    with closing(connect(demo.state / "caducee.sqlite", timeout=within(10))) as database:
        kept = database.execute(
            "UPDATE ephemeral SET value = json_remove(value, '$.started_at')"
            " WHERE kind = 'interaction' AND key_hash = ?",
            (hashlib.sha256(interaction_id.encode()).hexdigest(),),
        )
        database.commit()
        assert kept.rowcount == 1


def provoke_a_fault(demo: Demonstration, browse: Browse, secrets: Secrets) -> str:
    """An internal error while a password is being received; returns the incident id of the page."""
    martin, browser = demo.account("martin"), browse()
    do.arrive(browser, demo)
    damage(demo, do.interaction_path(browser.page).rpartition("/")[2])
    page = do.type_password(browser, martin["rpps"], martin["password"])
    secrets.browser(browser)
    assert (page.status, page.says("Une erreur inattendue s'est produite")) == (500, True)
    assert "Traceback" not in page.html
    assert "KeyError" not in page.html
    return page.text.partition("Référence à donner à l'assistance ")[2].split()[0]


def test_nothing_written_down_opens_a_door_or_names_a_person(
    demo: Demonstration, browse: Browse, secrets: Secrets
) -> None:
    journeys(demo, browse, secrets)
    incident = provoke_a_fault(demo, browse, secrets)
    assert {"mail code", "access token", "ID token", "password", "caducee_session", "presentation"} <= {
        name.rpartition(" ")[0] for name in secrets.known
    }
    written = logs(demo)
    assert incident in written["provider"]
    assert {name: secrets.found_in(text) for name, text in written.items()} == {
        name: set() for name in written
    }
    audit = json.dumps(do.rows(demo, "SELECT * FROM audit_events"), ensure_ascii=False)
    assert len(audit) > 1000
    assert secrets.found_in(audit) == set()


def test_fault_is_written_down_with_its_incident_and_its_cause(
    demo: Demonstration, browse: Browse, secrets: Secrets
) -> None:
    incident = provoke_a_fault(demo, browse, secrets)
    (line,) = [line for line in logs(demo)["provider"].splitlines() if incident in line]
    entry: dict[str, Any] = json.loads(line)
    assert (entry["level"], entry["incident"], entry["event"]) == ("error", incident, "page_error")
    assert "started_at" in line  # what was missing
    assert '"locals"' not in line


def test_log_lines_of_the_provider_are_one_json_object_each(demo: Demonstration, browse: Browse) -> None:
    browse().get(f"{demo.issuer}/authorize?client_id=%0a%7b%22event%22:%22forged%22%7d")
    for name in PROVIDER:
        for line in logs(demo).get(name, "").splitlines():
            assert json.loads(line)["event"] != "forged"


def test_outbox_is_empty_once_everything_was_sent(demo: Demonstration, browse: Browse) -> None:
    browser = browse()
    do.arrive(browser, demo)
    do.by_password(browser, demo, demo.account("martin"))
    deadline = time.monotonic() + within(10)
    while do.rows(demo, "SELECT id FROM outbox") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert do.rows(demo, "SELECT id FROM outbox") == []


def test_database_keeps_no_code_token_or_password_as_it_is(
    demo: Demonstration, browse: Browse, secrets: Secrets
) -> None:
    """At rest: keys are hashed, codes are keyed hashes, passwords argon2id, upstream tokens sealed."""
    journeys(demo, browse, secrets)
    at_rest = (
        "mail code",
        "access token",
        "ID token",
        "password",
        "wrong password",
        "client secret",
        "secret",
    )
    kept = json.dumps(
        [
            do.rows(demo, f"SELECT * FROM {table}")  # noqa: S608 names of our own
            for table in ("accounts", "ephemeral", "grants", "audit_events", "charter_acceptances", "outbox")
        ],
        ensure_ascii=False,
    )
    found = {name for name in secrets.found_in(kept) if name.startswith(at_rest)}
    assert found == set()
    (account,) = do.accounts_of(demo, demo.account("martin")["rpps"])
    assert account["password_hash"].startswith("$argon2id$")


def test_health_says_no_more_than_it_must(demo: Demonstration) -> None:
    answer = requests.get(f"{demo.issuer}/health/ready", timeout=within(10))
    assert answer.json() == {"status": "ready"}


def test_log_files_are_for_their_owner_alone(demo: Demonstration) -> None:
    assert Path(demo.state / "logs").stat().st_mode & 0o077 == 0
