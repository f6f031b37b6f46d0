"""Parts of the start of the demo that a whole start seldom comes to."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sandbox.demo import banner, programs, settings
from sandbox.demo.places import ROOT, open_places, read_json
from sandbox.demo.ports import Ports
from sandbox.demo.processes import ChildDied, Children
from sandbox.igc.issuing import new_key


@pytest.fixture
def children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Children:
    """Of a provider without settings: each of its commands is refused."""
    monkeypatch.setattr(programs, "_FETCH_SECONDS", 0)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CADUCEE_")}
    return Children(ROOT, environment, lambda name: tmp_path / f"{name}.log")


def test_lists_that_the_provider_does_not_bring_are_fetched_by_the_command_which_says_why_it_cannot(
    children: Children,
) -> None:
    with pytest.raises(ChildDied, match=r"lists ended with status 2.*\n.*idp: CADUCEE_"):
        programs.fetch_lists(children, lambda: False)


def test_provider_that_was_quicker_after_all_is_enough(children: Children) -> None:
    answers = iter((False, True))
    programs.fetch_lists(children, lambda: next(answers))


def test_lists_that_are_there_need_no_command(children: Children, tmp_path: Path) -> None:
    programs.fetch_lists(children, lambda: True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("left", [None, "", "[1]", "null", "{"])
def test_what_is_no_kept_object_counts_as_nothing_kept(tmp_path: Path, left: str | None) -> None:
    path = tmp_path / "accounts.json"
    if left is not None:
        path.write_text(left)
    assert read_json(path) == {}


def test_first_start_stopped_on_its_way_is_taken_up_where_it_was_left(tmp_path: Path) -> None:
    """Ctrl-C while the database was made, or between the two keys."""
    places, _lock = open_places(tmp_path / "state")
    places.database.touch(0o600)
    key = new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (places.keys / "sign-20260101-rsa.pem").write_bytes(key)
    (places.keys / "sign-20260101-rsa.pem").chmod(0o600)
    chosen = settings.provider_settings(Ports(8400), places, redis="", profile="default")
    children = Children(ROOT, settings.child_environment(chosen), places.log)
    programs.prepare(children, places)
    assert {key["alg"] for key in json.loads((places.keys / "ring.json").read_text())["keys"]} >= {"ES256"}
    assert read_json(places.prepared)["charter"] == programs.REVISION
    ring = (places.keys / "ring.json").read_bytes()
    programs.prepare(children, places)
    assert (places.keys / "ring.json").read_bytes() == ring


def test_an_application_added_by_hand_stays_and_a_library_is_told_whom_to_trust(tmp_path: Path) -> None:
    """Its files are those of the page « Your own application in ten minutes », beside those of the demo."""
    page = (ROOT / "docs" / "relying-parties" / "ten-minutes.md").read_text("utf-8")
    entry = page.split("```yaml\n")[1].split("```")[0]
    places, lock = open_places(tmp_path / "state")
    (places.more_clients / "my-application.yaml").write_text(entry)
    secret = places.more_clients / "my-application.secret"
    secret.touch(0o600)
    secret.write_text("kX3vQ9mT7bZ1wR5yN8pL2cF6hJ4dS0gA")
    os.close(lock)
    for ports in (Ports(8400), Ports(8400, "https")):  # two starts
        places, lock = open_places(tmp_path / "state")
        chosen = settings.provider_settings(ports, places, redis="", profile="default")
        settings.write_files(ports, places, chosen, None)
        assert (places.more_clients / "my-application.yaml").read_text() == entry
        assert chosen["CADUCEE_CLIENTS_DIRECTORY"] == str(places.more_clients)
        checked = subprocess.run(
            [places.command, "clients", "check"], capture_output=True, text=True, check=False
        )
        assert (checked.returncode, checked.stderr) == (0, "")
        assert checked.stdout == f"{places.clients} and 1 more: 3 clients, no fault\n"
        assert ("CADUCEE_TLS_KEY_FILE" in chosen) == (ports.scheme == "https")
        assert (str(places.ca_bundle) in banner.how_to_trust(ports, places)) == (ports.scheme == "https")
        assert "CADUCEE_MTLS_ORIGIN" not in chosen
        os.close(lock)
