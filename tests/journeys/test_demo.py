"""The demo itself: what its ready file promises, how it refuses to start, how it ends."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from sandbox.demo.driver import Browser
from tests.demonstration import (
    ROOT,
    START_SECONDS,
    STOP_SECONDS,
    Demonstration,
    demo_in,
    free_port_base,
    is_alive,
    running_demo,
    seconds_to_end,
    start_demo,
)
from tests.limits import within

_ACCEPTED = "Vous êtes connecté"


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
    checked = demo.command("clients", "check")
    assert (checked.returncode, checked.stderr) == (0, "")


def test_charter_published_twice_is_refused(demo: Demonstration) -> None:
    texts = ("--fr", "charters/2026-1.fr.md", "--en", "charters/2026-1.en.md")
    assert demo.command("charter", "publish", "--revision", "2026-1", *texts).returncode == 3


def test_second_demo_in_the_same_state_directory_is_refused(demo: Demonstration) -> None:
    said, status = run_to_the_end(start_demo(demo.state))
    assert (status, "another demo uses it" in said) == (2, True)


def test_taken_port_is_named_and_nothing_is_started(tmp_path: Path) -> None:
    base = free_port_base()
    ready = tmp_path / "ready.json"
    with socket.socket() as squatter:
        # A demo before this one may have left connections in TIME_WAIT there.
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", base + 6))
        squatter.listen()
        process = start_demo(tmp_path / "state", "--port-base", str(base), "--ready-file", str(ready))
        said, status = run_to_the_end(process)
    assert status == 2
    assert f"port {base + 6} (ViaTrajectoire) is taken" in said
    assert "--port-base" in said
    assert not ready.exists()
    assert list((tmp_path / "state" / "logs").iterdir()) == []


def test_port_base_out_of_range_is_refused(tmp_path: Path) -> None:
    said, status = run_to_the_end(start_demo(tmp_path, "--port-base", "65530"))
    assert (status, "--port-base" in said) == (2, True)


@pytest.fixture(scope="module")
def warm_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory that had its first start: what follows tests second ones."""
    state = tmp_path_factory.mktemp("warm")
    with demo_in(state):  # where nothing is: the demo makes everything itself
        pass
    return state


def test_second_start_keeps_cards_secrets_and_accounts(warm_state: Path) -> None:
    before = json.loads((warm_state / "ready.json").read_text())
    with running_demo(warm_state) as again:
        assert again.ready["accounts"] == before["accounts"]
        assert again.ready["cards"] == before["cards"]
        assert [c["client_secret"] for c in again.ready["clients"]] == [
            c["client_secret"] for c in before["clients"]
        ]


def test_second_start_tells_what_changed_meanwhile(warm_state: Path) -> None:
    with running_demo(warm_state) as running:
        texts = ("--fr", "charters/2026-1.fr.md", "--en", "charters/2026-1.en.md")
        assert running.command("charter", "publish", "--revision", "2026-2", *texts).returncode == 0
    with running_demo(warm_state) as again:
        assert {account["charter"] for account in again.ready["accounts"]} == {"due"}


def test_demo_moved_elsewhere_starts_again_on_the_same_ports(warm_state: Path, tmp_path: Path) -> None:
    """Its IGC is made anew: other authorities, at addresses whose next lists were planned for tomorrow.

    An account disabled meanwhile is told, and stops nothing.
    """
    before = json.loads((warm_state / "ready.json").read_text())
    moved = tmp_path / "moved"
    shutil.copytree(warm_state, moved)
    command = moved / "idp"
    command.write_text(command.read_text().replace(str(warm_state), str(moved)))
    rpps = next(card["rpps"] for card in before["cards"] if card["name"] == "benali")
    subprocess.run([command, "accounts", "disable", rpps], cwd=ROOT, timeout=60, check=True)
    base = urlsplit(before["issuer"]).port
    with running_demo(moved, "--port-base", str(base)) as again:
        assert again.issuer == before["issuer"]
        issuing = Path("igc/ca/issuing.pem")
        assert (moved / issuing).read_bytes() != (warm_state / issuing).read_bytes()
        assert again.account("martin")["charter"] != "disabled"  # said to the new card
        assert again.account("benali")["charter"] == "disabled"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_child_survives_the_demo(warm_state: Path, number: signal.Signals) -> None:
    ready = warm_state / f"ready-{number.name}.json"
    process = start_demo(warm_state, "--ready-file", str(ready))
    wait_for_file(ready, process)
    pids = json.loads(ready.read_text())["pids"]
    assert len(pids) >= 7
    assert seconds_to_end(process, pids, number) < within(STOP_SECONDS)


def test_death_of_a_child_is_told_and_stops_the_rest(warm_state: Path) -> None:
    ready = warm_state / "ready-death.json"
    process = start_demo(warm_state, "--ready-file", str(ready))
    wait_for_file(ready, process)
    pids = json.loads(ready.read_text())["pids"]
    victim = next(pid for pid in pids if b"sandbox.mail" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(victim, signal.SIGKILL)
    said, status = run_to_the_end(process)
    assert status == 1
    assert "mail ended with status -9" in said
    assert "mail.log ends with" in said
    assert not [pid for pid in pids if is_alive(pid)]


def test_make_demo_ends_everything_on_sigterm(warm_state: Path) -> None:
    ready = warm_state / "ready-make.json"
    arguments = f"--state-dir {warm_state} --ready-file {ready} --port-base {free_port_base()}"
    process = subprocess.Popen(
        ["make", "demo", f"ARGS={arguments}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_for_file(ready, process)
    assert seconds_to_end(process, json.loads(ready.read_text())["pids"], signal.SIGTERM) < within(
        STOP_SECONDS
    )


def run_to_the_end(process: subprocess.Popen[str]) -> tuple[str, int]:
    said, _ = process.communicate(timeout=within(60))
    return said, process.returncode


def wait_for_file(path: Path, process: subprocess.Popen[str], seconds: float = START_SECONDS) -> None:
    deadline = time.monotonic() + within(seconds)
    while not path.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.terminate()
            raise AssertionError(process.communicate(timeout=within(20))[0])
        time.sleep(0.05)
