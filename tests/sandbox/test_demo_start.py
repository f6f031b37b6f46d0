"""Parts of the start of the demo that a whole start seldom comes to."""

import json
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sandbox.demo import programs, settings
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
