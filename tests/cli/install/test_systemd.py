"""The units of deploy/systemd: systemd itself reads them, where it is installed; and the settings beside them."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from idp.settings import read_settings
from tests.commands import ROOT

PLACE = ROOT / "deploy" / "systemd"
UNITS = sorted(PLACE.glob("*.service"))
BACKUP = PLACE / "caducee-backup.service"
PROCESSES = [unit for unit in UNITS if unit != BACKUP]
#: Of ten; systemd calls less than 3 « ok ».
MOST_EXPOSED = 2.0


def told(unit: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit.read_text("utf-8"), re.M)


def test_there_is_a_unit_for_each_process() -> None:
    commands = {unit.name: told(unit, "ExecStart")[0].split(" -m idp.cli ")[1] for unit in PROCESSES}
    assert commands == {
        "caducee@.service": "serve --port %i --workers 1",
        "caducee-card-host.service": "card-host",
        "caducee-worker.service": "worker",
    }


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_unit_is_hardened(unit: Path) -> None:
    for name, value in (
        ("User", "caducee"),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("CapabilityBoundingSet", ""),
        ("UMask", "0077"),
    ):
        assert told(unit, name) == [value]


@pytest.mark.parametrize("unit", PROCESSES, ids=lambda unit: unit.name)
def test_unit_ends_as_the_processes_do(unit: Path) -> None:
    for name, value in (
        ("KillMode", "mixed"),
        ("TimeoutStopSec", "30"),
        ("Restart", "always"),
    ):
        assert told(unit, name) == [value]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_reads_it_and_finds_it_little_exposed(unit: Path, tmp_path: Path) -> None:
    binary = shutil.which("systemd-analyze")
    if binary is None:
        return  # what matters most is read above
    installed = tmp_path / unit.name.replace("@", "@8401")
    installed.write_text(unit.read_text("utf-8").replace("/srv/caducee/venv/bin/python", sys.executable))
    read = subprocess.run([binary, "verify", installed], capture_output=True, text=True, check=False)
    assert unit.name.partition("@")[0].partition(".")[0] not in read.stderr, read.stderr
    scored = subprocess.run(
        [binary, "security", "--offline=yes", "--no-pager", installed],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"exposure level for \S+: ([\d.]+)", scored.stdout)
    assert found is not None, scored.stderr
    assert float(found[1]) < MOST_EXPOSED


def test_backup_is_written_each_day_where_its_page_says_and_under_a_name_of_that_minute(
    tmp_path: Path,
) -> None:
    """As systemd reads the line: `%%` and `$$` are one each, and a shell does the rest."""
    (place,) = told(BACKUP, "ReadWritePaths")
    assert f"-m 700 {place}\n" in (ROOT / "docs" / "backup.md").read_text("utf-8")
    assert told(BACKUP, "Type") == ["oneshot"]
    assert told(PLACE / "caducee-backup.timer", "OnCalendar") == ["daily"]
    program = tmp_path / "venv" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o700)
    (line,) = told(BACKUP, "ExecStart")
    given = shlex.split(line.replace("%%", "%").replace("$$", "$"))
    said = subprocess.run(given, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert re.fullmatch(rf"-m idp\.cli db backup {place}/\d{{4}}-\d\d-\d\dT\d{{4}}\.backup\n", said)


def test_settings_beside_them_are_read_with_the_secrets_that_the_units_give() -> None:
    lines = (PLACE / "caducee.conf").read_text("utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    secret = {"CADUCEE_APPLICATION_KEY": "k" * 43, "CADUCEE_PASSWORD_PEPPER": "p" * 43}
    read_settings(given | secret)
    for unit in UNITS:
        environment = " ".join(told(unit, "Environment"))
        for name in secret:
            credential = re.search(rf"{name}_FILE=%d/(\S+)", environment)
            assert credential is not None
            assert f"{credential[1]}:/etc/caducee/secrets/{credential[1]}" in told(unit, "LoadCredential")
