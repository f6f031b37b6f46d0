"""A directory of files beside clients.yaml: one registry, watched whole, with nobody in it twice."""

import re
from pathlib import Path

import pytest

from idp.clients.client_file import ClientFile
from idp.clients.client_secrets import secret_among
from idp.clients.located_yaml import BadYaml
from idp.clients.registry import read_clients
from idp.settings import BadSetting
from idp.wiring.relying_parties import build_clients
from tests.clients.test_broken_files import DIGEST, ENTRY, GOOD, SECRET
from tests.configured import settings_with
from tests.fakes import FixedClock
from tests.logged import logged_here

_OTHER = "clients:\n" + ENTRY.replace("viatrajectoire", "grand-age")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "clients.d").mkdir()
    path = tmp_path / "clients.yaml"
    path.write_text(GOOD)
    return path


def test_clients_of_each_file_are_known_in_the_order_of_names(file: Path) -> None:
    directory = file.parent / "clients.d"
    for name in ("b", "a"):
        (directory / f"{name}.yaml").write_text(_OTHER.replace("grand-age", f"{name}-age"))
    (directory / "notes.txt").write_text("nothing")
    assert list(read_clients(file, directory=directory)) == ["viatrajectoire", "a-age", "b-age"]
    assert list(read_clients(file)) == ["viatrajectoire"]


def test_a_file_that_comes_changes_and_goes_is_seen_within_a_second(file: Path) -> None:
    clock, directory = FixedClock(), file.parent / "clients.d"
    clients = ClientFile(file, clock=clock, directory=directory)
    (directory / "grand-age.yaml").write_text(_OTHER)
    assert clients.get("grand-age") is None  # the directory is not looked at for each request
    clock.advance(seconds=1)
    client = clients.get("grand-age")
    assert client is not None
    assert client.name == "ViaTrajectoire"
    (directory / "grand-age.yaml").write_text(
        _OTHER.replace("client_name: ViaTrajectoire", "client_name: Grand Age")
    )
    clock.advance(seconds=1)
    client = clients.get("grand-age")
    assert client is not None
    assert client.name == "Grand Age"
    (directory / "grand-age.yaml").unlink()
    clock.advance(seconds=1)
    assert clients.get("grand-age") is None
    assert clients.get("viatrajectoire") is not None


def test_a_secret_beside_such_a_file_is_found_and_watched(file: Path) -> None:
    clock, directory = FixedClock(), file.parent / "clients.d"
    (directory / "grand-age.yaml").write_text(_OTHER.replace(f"sha256: {DIGEST}", "file: grand-age.secret"))
    (directory / "grand-age.secret").write_text(SECRET)
    clients = ClientFile(file, clock=clock, directory=directory)
    (directory / "grand-age.secret").write_text(SECRET[::-1])
    clock.advance(seconds=1)
    client = clients.get("grand-age")
    assert client is not None
    assert secret_among(client.secrets, SECRET[::-1]) is not None


def test_a_client_of_two_files_stops_the_start_with_both_places(file: Path) -> None:
    directory = file.parent / "clients.d"
    (directory / "again.yaml").write_text(GOOD)
    told = f"{directory}/again.yaml:2:5: client_id `viatrajectoire` is given twice; first at {file}:2:5"
    with pytest.raises(BadYaml, match=re.escape(told)):
        ClientFile(file, clock=FixedClock(), directory=directory)


def test_faults_of_several_files_keep_all_as_it_was_and_are_logged_together_until_all_are_repaired(
    file: Path,
) -> None:
    clock, directory = FixedClock(), file.parent / "clients.d"
    (directory / "grand-age.yaml").write_text(_OTHER)
    clients = ClientFile(file, clock=clock, directory=directory)
    with logged_here() as logged:
        file.write_text("clients: [")
        (directory / "grand-age.yaml").write_text(f"{_OTHER}    pkce: maybe\n    nonce: maybe\n")
        clock.advance(seconds=1)
        assert set(clients.registry()) == {"viatrajectoire", "grand-age"}
        file.write_text(GOOD)
        (directory / "grand-age.yaml").write_text(_OTHER)
        clock.advance(seconds=1)
        clients.registry()
    assert clients.fault is None
    refused, taken = logged
    assert refused["event"] == "clients_file_refused"
    assert refused["reason"].startswith(f"{file}:1:11: expected YAML")
    assert [line.partition(": ")[0] for line in refused["beside"]] == [
        f"{directory}/grand-age.yaml:7:11",
        f"{directory}/grand-age.yaml:8:12",
    ]
    assert taken["event"] == "clients_file_taken"


def test_a_directory_that_goes_keeps_all_as_it_was(file: Path) -> None:
    clock, directory = FixedClock(), file.parent / "clients.d"
    (directory / "grand-age.yaml").write_text(_OTHER)
    clients = ClientFile(file, clock=clock, directory=directory)
    directory.rename(file.parent / "elsewhere")
    clock.advance(seconds=1)
    assert clients.get("grand-age") is not None
    assert str(directory) in str(clients.fault)
    (file.parent / "elsewhere").rename(directory)
    clock.advance(seconds=1)
    assert clients.get("grand-age") is not None
    assert clients.fault is None


def test_a_directory_that_is_not_there_is_told_as_its_setting(file: Path) -> None:
    def start(clients_file: Path, directory: Path) -> str:
        settings = settings_with(
            issuer="https://id.example",
            card_host="https://card.example",
            application_key="k" * 43,
            password_pepper="p" * 43,
            clients_file=clients_file,
            clients_directory=directory,
        )
        with pytest.raises(BadSetting) as caught:
            build_clients(settings, FixedClock())
        return str(caught.value.faults[0])

    assert "CADUCEE_CLIENTS_DIRECTORY" in start(file, file.parent / "absent")
    assert "CADUCEE_CLIENTS_FILE" in start(file.parent / "absent.yaml", file.parent / "clients.d")
