"""The demo itself: what its ready file promises, how it refuses to start, how it ends."""

import os
import shutil
import signal
import socket
import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from sandbox.demo.driver import Browser
from sandbox.igc.__main__ import DEFAULT_BASE_URL
from sandbox.igc.directory import ensure_igc
from tests.commands import Started
from tests.demonstration import (
    AS_IT_IS,
    BY_MAKE,
    FORKED,
    ROOT,
    STOP_SECONDS,
    Demonstration,
    command_of,
    demo_in,
    fork_demo,
    free_port_base,
    is_alive,
    seconds_to_end,
)
from tests.limits import within
from tests.made_once import stock_of_keys

_ACCEPTED = "Vous êtes connecté"
#: Which of the processes told is the mailbox: first the demo, then its programs as they are started.
_MAIL = 2


def get_json(url: str) -> object:
    answer = requests.get(url, timeout=within(10))
    answer.raise_for_status()
    return answer.json()


def test_ready_file_has_exactly_the_members_promised(demo: Demonstration) -> None:
    members = {
        "issuer": str,
        "card_host": str,
        "ca_bundle": str,
        "mailbox": str,
        "clients_directory": str,
        "operations": str,
        "style_guide": str,
        "psc": dict,
        "clients": list,
        "cards": list,
        "accounts": list,
        "pids": list,
    }
    assert {name: type(value) for name, value in demo.ready.items()} == members
    assert set(demo.ready["psc"]) == {"issuer", "identities"}
    entries = {
        "clients": {"client_id", "client_secret", "redirect_uri", "home"},
        "cards": {"name", "rpps", "kind", "certificate", "key", "pkcs12", "pin", "expect"},
        "accounts": {"rpps", "email", "password", "charter"},
    }
    for name, expected in entries.items():
        assert {frozenset(entry) for entry in demo.ready[name]} == {frozenset(expected)}, name
    identity = {"id", "name", "SubjectNameID", "enrolled"}
    assert {frozenset(entry) for entry in demo.ready["psc"]["identities"]} == {frozenset(identity)}


def test_everything_in_the_ready_file_is_there(demo: Demonstration) -> None:
    ready = demo.ready
    discovery = get_json(f"{ready['issuer']}/.well-known/openid-configuration")
    assert isinstance(discovery, dict)
    assert discovery["issuer"] == ready["issuer"]
    psc = get_json(f"{ready['psc']['issuer']}/.well-known/wallet-openid-configuration")
    assert isinstance(psc, dict)
    assert psc["issuer"] == ready["psc"]["issuer"]
    assert (
        requests.get(
            f"{ready['card_host']}/health", verify=ready["ca_bundle"], timeout=within(10)
        ).status_code
        == 200
    )
    for client in ready["clients"]:
        assert client["redirect_uri"].startswith(client["home"])
        assert requests.get(client["home"], timeout=within(10)).status_code == 200
    for card in ready["cards"]:
        assert all(Path(card[member]).is_file() for member in ("certificate", "key", "pkcs12"))
    page = requests.get(f"{ready['style_guide']}fr/choice-all", timeout=within(10))
    assert "Identifiez-vous" in page.text
    assert all(is_alive(pid) for pid in ready["pids"])
    assert demo.process.pid in ready["pids"]


def test_mailbox_is_a_list_newest_first(demo: Demonstration) -> None:
    mails = get_json(demo.ready["mailbox"])
    assert isinstance(mails, list)
    received = [mail["received_at"] for mail in mails]
    assert received == sorted(received, reverse=True)
    assert len(received) >= len(demo.ready["accounts"])
    assert all({"to", "subject", "text"} <= set(mail) for mail in mails)


def test_one_account_accepted_the_charter_and_one_has_it_due(demo: Demonstration) -> None:
    assert demo.account("martin")["charter"] == "accepted"
    assert demo.account("benali")["charter"] == "due"


def test_identities_enrolled_are_those_of_the_accounts(demo: Demonstration) -> None:
    enrolled = {person["SubjectNameID"] for person in demo.ready["psc"]["identities"] if person["enrolled"]}
    assert enrolled == {f"8{account['rpps']}" for account in demo.ready["accounts"]}


def test_account_signs_in_with_its_password_and_a_mail_code(
    demo: Demonstration, browse: Callable[..., Browser]
) -> None:
    account, browser, mailbox = demo.account("martin"), browse(), demo.mailbox()
    last = mailbox.last_id(account["email"])
    browser.get(demo.client("viatrajectoire")["home"])
    browser.click("Se connecter")
    browser.submit("Se connecter", username=account["rpps"], current_password=account["password"])
    browser.submit("Valider", one_time_code=mailbox.wait_for_code(account["email"], after=last))
    mailbox.close()
    assert browser.page.says(_ACCEPTED)
    assert browser.page.says(account["rpps"])


@pytest.mark.parametrize("client_id", ["viatrajectoire", "grand-age"])
def test_card_signs_in_at_each_relying_party(
    demo: Demonstration, browse: Callable[..., Browser], client_id: str
) -> None:
    browser = browse("martin")
    browser.get(demo.client(client_id)["home"])
    browser.click("Se connecter")
    browser.click("Se connecter par CPS")
    assert browser.page.url == demo.client(client_id)["home"]
    assert browser.page.says(_ACCEPTED)


def test_ready_file_and_secrets_are_for_their_owner_alone(demo: Demonstration) -> None:
    secret = [demo.state / "ready.json", *(demo.state / "secrets").iterdir(), *demo.state.glob("keys/*.pem")]
    assert len(secret) > 5
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}


def test_commands_run_with_the_settings_of_the_demo(demo: Demonstration) -> None:
    """As the banner tells to type them."""
    checked = subprocess.run(
        [demo.state / "idp", "clients", "check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=within(60),
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_charter_published_twice_is_refused(demo: Demonstration) -> None:
    texts = ("--fr", "charters/2026-1.fr.md", "--en", "charters/2026-1.en.md")
    assert demo.command("charter", "publish", "--revision", "2026-1", *texts).returncode == 3


def test_second_demo_in_the_same_state_directory_is_refused(demo: Demonstration) -> None:
    said, status = run_to_the_end(fork_demo(demo.state))
    assert (status, "another demo uses it" in said) == (2, True)


def test_taken_port_is_named_and_nothing_is_started(tmp_path: Path) -> None:
    base = free_port_base()
    ready = tmp_path / "ready.json"
    with socket.socket() as squatter:
        # A demo before this one may have left connections in TIME_WAIT there.
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", base + 6))
        squatter.listen()
        process = fork_demo(tmp_path / "state", "--port-base", str(base), "--ready-file", str(ready))
        said, status = run_to_the_end(process)
    assert status == 2
    assert f"port {base + 6} (ViaTrajectoire) is taken" in said
    assert "--port-base" in said
    assert not ready.exists()
    assert list((tmp_path / "state" / "logs").iterdir()) == []


def test_port_base_out_of_range_is_refused(tmp_path: Path) -> None:
    said, status = run_to_the_end(fork_demo(tmp_path, "--port-base", "65530"))
    assert (status, "--port-base" in said) == (2, True)


@dataclass(frozen=True)
class Life:
    """A demo from its start to its end: what it told in between, and how long it took to end."""

    state: Path
    ready: dict[str, Any]
    seconds: float


def live(state: Path, number: signal.Signals, program: str, *arguments: str) -> Life:
    with demo_in(state, *arguments, program=program) as running:
        return Life(state, running.ready, seconds_to_end(running.process, running.ready["pids"], number))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """`make demo`, as it is, where nothing is: the demo makes everything itself. `make` is told to end."""
    return live(tmp_path_factory.mktemp("lives"), signal.SIGTERM, BY_MAKE)


@pytest.fixture(scope="module")
def second(first: Life) -> Life:
    """As it is, on what the first left. A charter is published meanwhile."""
    with demo_in(first.state, program=AS_IT_IS) as running:
        texts = ("--fr", "charters/2026-2.fr.md", "--en", "charters/2026-2.en.md", "--yes")
        assert running.command("charter", "publish", "--revision", "2026-2", *texts).returncode == 0
        seconds = seconds_to_end(running.process, running.ready["pids"], signal.SIGKILL)
    return Life(first.state, running.ready, seconds)


@pytest.fixture(scope="module")
def third(second: Life) -> Life:
    """On what was left by the one that was killed."""
    return live(second.state, signal.SIGINT, FORKED, *same_ports(second))


def same_ports(life: Life) -> tuple[str, str]:
    return "--port-base", str(urlsplit(life.ready["issuer"]).port)


def test_second_start_keeps_cards_secrets_and_accounts(first: Life, second: Life) -> None:
    assert second.ready["accounts"] == first.ready["accounts"]
    assert second.ready["cards"] == first.ready["cards"]
    assert [c["client_secret"] for c in second.ready["clients"]] == [
        c["client_secret"] for c in first.ready["clients"]
    ]


@pytest.mark.parametrize("life", ["first", "second", "third"], ids=["SIGTERM to make", "SIGKILL", "SIGINT"])
def test_no_child_survives_the_demo(life: str, request: pytest.FixtureRequest) -> None:
    ended: Life = request.getfixturevalue(life)
    assert len(ended.ready["pids"]) >= 7
    assert ended.seconds < within(STOP_SECONDS)


@dataclass(frozen=True)
class MovedLife:
    """One of its programs was killed in the end."""

    state: Path
    ready: dict[str, Any]
    said: str
    status: int


@pytest.fixture(scope="module")
def moved(second: Life, tmp_path_factory: pytest.TempPathFactory) -> MovedLife:
    """The state of the second elsewhere, on the same ports; an account was disabled meanwhile."""
    state = tmp_path_factory.mktemp("moved") / "state"
    shutil.copytree(second.state, state)
    command = state / "idp"
    command.write_text(command.read_text().replace(str(second.state), str(state)))
    rpps = next(card["rpps"] for card in second.ready["cards"] if card["name"] == "benali")
    assert command_of(state, "accounts", "disable", rpps).returncode == 0
    # As the demo itself would, which knows that it was moved (tests/sandbox/test_igc.py); with keys that are there.
    ensure_igc(state / "igc", datetime.now(UTC), DEFAULT_BASE_URL, stock_of_keys(backwards=True))
    with demo_in(state, *same_ports(second)) as running:
        os.kill(running.ready["pids"][_MAIL], signal.SIGKILL)
        said, status = run_to_the_end(running.process)
    return MovedLife(state, running.ready, said, status)


def charter_of(card: str, ready: dict[str, Any]) -> object:
    rpps = next(found["rpps"] for found in ready["cards"] if found["name"] == card)
    return next(account["charter"] for account in ready["accounts"] if account["rpps"] == rpps)


def test_demo_moved_elsewhere_starts_again_on_the_same_ports(second: Life, moved: MovedLife) -> None:
    """Its IGC was made anew: other authorities, at addresses whose next lists were planned for tomorrow."""
    assert moved.ready["issuer"] == second.ready["issuer"]
    issuing = Path("igc/ca/issuing.pem")
    assert (moved.state / issuing).read_bytes() != (second.state / issuing).read_bytes()


def test_start_tells_what_changed_meanwhile(second: Life, moved: MovedLife) -> None:
    """A new charter; and an account that was disabled, which stops nothing."""
    assert charter_of("martin", second.ready) == "accepted"
    assert charter_of("martin", moved.ready) == "due"  # said to the new card
    assert charter_of("benali", moved.ready) == "disabled"


def test_death_of_a_child_is_told_and_stops_the_rest(moved: MovedLife) -> None:
    assert moved.status == 1
    assert "mail ended with status -9" in moved.said
    assert "mail.log ends with" in moved.said
    assert not [pid for pid in moved.ready["pids"] if is_alive(pid)]


def run_to_the_end(process: Started) -> tuple[str, int]:
    status = process.wait(within(60))
    return process.stdout + process.stderr, status
