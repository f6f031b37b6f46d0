"""`idp init DIRECTORY`: from nothing to what the commands need; what is there is kept, whatever it is."""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from idp.adapters.sql.schema import SCHEMA_REVISION
from idp.cli.main import main
from idp.settings import read_settings, read_settings_file
from tests.commands import idp
from tests.made_once import place_keys

ADDRESSES = ("--issuer", "https://id.example", "--card-host", "https://carte.id.example")


@pytest.fixture(autouse=True)
def no_settings() -> Iterator[None]:
    """Of an operator who has installed nothing yet."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CADUCEE_")}
    with patch.dict(os.environ, kept, clear=True):
        yield


def init(place: Path, *options: str) -> int:
    return main(["init", str(place), *(options or ADDRESSES)])


def test_everything_that_a_first_start_needs_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    place = tmp_path / "new" / "caducee"
    assert init(place) == 0
    conf = place / "caducee.conf"
    settings = read_settings(read_settings_file(conf).values)
    assert settings.where.issuer == "https://id.example"
    assert len(settings.keys.application) == len(settings.password.pepper) == 43
    assert settings.keys.application != settings.password.pepper
    assert sorted(path.name[:4] for path in (place / "keys").glob("*.pem")) == ["sign", "sign"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.rglob("*")} == {0o600, 0o700}
    for command in ("db check", "keys list", "clients check", "settings show"):
        assert main(["--settings", str(conf), *command.split()]) == 0, command


def test_secrets_are_in_files_of_their_own_and_never_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in (tmp_path / "a", tmp_path / "b"):
        place_keys(place / "keys")
        init(place)
    said = capsys.readouterr().out
    made = {path.read_text().strip() for path in tmp_path.glob("*/secrets/*")}
    assert len(made) == 4
    assert not any(secret in said for secret in made)
    assert not any(secret in path.read_text() for secret in made for path in tmp_path.glob("*/*.conf"))


def test_given_again_it_keeps_everything_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    init(tmp_path)
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and "sqlite" not in path.name]
    before = {path: path.read_bytes() for path in kept}
    capsys.readouterr()
    assert init(tmp_path, "--issuer", "https://another.example") == 0
    assert {path: path.read_bytes() for path in before} == before
    said = capsys.readouterr().out
    assert f"kept  {tmp_path / 'caducee.conf'}\n" in said
    assert f"kept  the keys of {tmp_path / 'keys'}\n" in said
    assert "nothing to do\n" in said
    assert "made" not in said


def test_files_that_somebody_placed_before_are_kept(tmp_path: Path) -> None:
    place_keys(tmp_path / "keys")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "application-key").write_text("z" * 43)
    (tmp_path / "clients.yaml").write_text("clients: [] # ours")
    keys = sorted((tmp_path / "keys").iterdir())
    assert init(tmp_path) == 0
    settings = read_settings(read_settings_file(tmp_path / "caducee.conf").values)
    assert settings.keys.application == "z" * 43
    assert (tmp_path / "clients.yaml").read_text() == "clients: [] # ours"
    assert sorted((tmp_path / "keys").iterdir()) == keys


def test_one_that_was_stopped_on_its_way_is_given_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place_keys(tmp_path / "keys")
    lost = ("--database", "postgresql://caducee:hunter2@127.0.0.1:9/caducee")
    assert init(tmp_path, *ADDRESSES, *lost) == 1
    assert re.fullmatch(r"idp: \S+:\*\*\*@127.0.0.1:9/caducee does not answer .*\n", capsys.readouterr().err)
    conf = tmp_path / "caducee.conf"
    conf.write_text(re.sub("postgresql://.*", f"sqlite:///{tmp_path}/db.sqlite", conf.read_text()))
    assert init(tmp_path) == 0
    assert main(["--settings", str(conf), "db", "check"]) == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--issuer", "https://id.example/"), "CADUCEE_ISSUER: an origin alone"),
        (("--issuer", "https://id.example"), "CADUCEE_CARD_HOST: must be set"),
        ((*ADDRESSES, "--database", "mysql://db/caducee"), "CADUCEE_DATABASE: sqlite:///… or postgresql://…"),
        ((*ADDRESSES, "--redis", "redis://cache:6379"), "CADUCEE_REDIS: "),
        (
            (*ADDRESSES, "--database", "postgresql://u:it's@db/caducee"),
            "a value without \\ and without quotes",
        ),
    ],
)
def test_what_cannot_serve_is_told_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], told: str
) -> None:
    assert init(tmp_path / "new", *options) == 2
    assert told in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert init(tmp_path / "file" / "new") == 1
    assert capsys.readouterr().err.startswith("idp: ")


def test_without_a_directory_it_is_the_former_name_of_db_init(tmp_path: Path) -> None:
    said = idp("init", DATABASE=f"sqlite:///{tmp_path / 'db.sqlite'}").stdout
    assert said == f"sqlite:///{tmp_path / 'db.sqlite'}: made, schema {SCHEMA_REVISION}\n"


def test_without_a_directory_and_without_settings_it_says_what_to_type(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["init"]) == 2
    assert "name its directory: `idp init DIRECTORY …`" in capsys.readouterr().err
