"""`idp doctor`: each fault of an installation is named, and first; what follows from it says so."""

from collections.abc import Callable
from pathlib import Path

import pytest

from idp.core.finding import Finding, State
from idp.settings import Settings, read_settings
from idp.settings.usable import Usable
from idp.wiring.doctor.examine import examine
from tests.cli import test_database as databases
from tests.cli.test_bad_files import furnish, settings_of
from tests.commands import environment, idp


def house(place: Path, **changes: str) -> Settings:
    """Of what `furnish` wrote there."""
    return read_settings(environment(**(settings_of(place) | changes)))


def findings(settings: Settings) -> tuple[Finding, ...]:
    return examine(Usable(settings=settings))


@pytest.mark.parametrize(
    "state",
    [
        databases.missing,
        databases.empty,
        databases.foreign,
        databases.corrupt,
        databases.older,
        databases.newer,
    ],
)
def test_each_state_of_a_database_is_the_first_line_and_what_needs_it_waits(
    tmp_path: Path, state: Callable[[Path], str]
) -> None:
    furnish(tmp_path)
    line = state(tmp_path / "db.sqlite")
    first, *others = findings(house(tmp_path))
    assert (first.name, first.state) == ("database", State.RED)
    assert (first.says + "; " + first.remedy).endswith(line.replace(": ", "; ").replace(": ", "; "))
    waiting = {one.name for one in others if one.says == "not looked at: first « database »"}
    assert waiting >= {"charter", "worker", "mails", "backup"}


def test_faults_of_the_settings_are_told_all_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    furnish(tmp_path)
    told = settings_of(tmp_path) | {"SMTP_PROT": "25", "CODE_LIFE": "0"}
    ended = idp("doctor", **told)
    lines = ended.stdout.splitlines()
    assert ended.returncode == 1
    assert lines[0].startswith(
        "RED    settings                CADUCEE_SMTP_PROT: no such setting; did you mean"
    )
    assert lines[1].startswith("RED    settings                CADUCEE_CODE_LIFE: ")
    assert any(line.startswith("GREEN  database ") for line in lines)
    assert "Traceback" not in ended.stderr
