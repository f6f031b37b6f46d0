"""`idp audit export --proof`, and `idp audit verify --export` where there is no database."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from idp.cli.main import main
from idp.core.audit import AuditEvent
from idp.core.origin import Origin, coming_from
from idp.settings import settings_from_environment
from idp.wiring.audit import build_keeper
from idp.wiring.resources import Resources, open_resources
from tests.commands import set_environment
from tests.fakes import FixedClock
from tests.made_once import place_database
from tests.people import ALICE

Files = tuple[Path, Path]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Resources]:
    set_environment(monkeypatch, DATABASE=place_database(tmp_path / "db.sqlite"))
    resources = open_resources(settings_from_environment())
    with coming_from(Origin(find_address=lambda: "192.0.2.1", find_browsing=lambda: None)):
        for number in range(4):
            resources.audit.record(
                AuditEvent.CODE_ISSUED, account_id=ALICE, client_id="é\x1b", kid=str(number)
            )
    yield resources
    resources.database.dispose()


@pytest.fixture
def files(house: Resources, tmp_path: Path) -> Files:
    """Of a trail whose first day is sealed."""
    clock = FixedClock(house.clock.now())
    clock.advance(days=2)
    build_keeper(house.settings, house.database, clock).seal_due()
    out, proof = tmp_path / "trail.jsonl", tmp_path / "trail.proof"
    assert main(["audit", "export", "--out", str(out), "--proof", str(proof)]) == 0
    return out, proof


def verified(files: Files, *options: str) -> int:
    return main(["audit", "verify", "--export", str(files[0]), "--proof", str(files[1]), *options])


def test_an_export_is_whole_where_there_is_no_database(
    files: Files, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CADUCEE_DATABASE", "sqlite:////nowhere/at/all")
    capsys.readouterr()
    assert verified(files) == 0
    assert capsys.readouterr().out.startswith("whole: 4 rows, 1 chains, 1 sealed days")
    assert verified(files, "--json") == 0
    assert json.loads(capsys.readouterr().out)["faults"] == 0
    assert [path.stat().st_mode & 0o777 for path in files] == [0o600, 0o600]


def changed(line: str) -> str:
    return line.replace(ALICE, "bob")


def other_address(line: str) -> str:
    return line.replace("192.0.2.1", "192.0.2.2")


def cut(lines: list[str]) -> list[str]:
    return lines[:-1]


@pytest.mark.parametrize(
    ("touch", "first"),
    [
        (lambda lines: [lines[0], changed(lines[1]), *lines[2:]], "changed: row 2,"),
        (lambda lines: [lines[0], other_address(lines[1]), *lines[2:]], "changed: row 2,"),
        (lambda lines: [lines[0], *lines[2:]], "removed: no row,"),
        (lambda lines: [*lines, lines[2]], "inserted: row 3,"),
        (cut, "cut: no row,"),
        (lambda lines: [], "removed: no row,"),
        (lambda lines: [f"{line[:-1]} \n" for line in lines], "BROKEN: 4 rows"),
    ],
    ids=["changed", "address", "removed", "twice", "cut", "nothing", "blanks"],
)
def test_what_was_touched_in_the_file_is_named(
    files: Files, capsys: pytest.CaptureFixture[str], touch: Callable[[list[str]], list[str]], first: str
) -> None:
    files[0].write_text("".join(touch(files[0].read_text().splitlines(keepends=True))))
    capsys.readouterr()
    assert verified(files) == 1
    written = capsys.readouterr()
    assert written.out.startswith(first)
    assert "its SHA-256 is not that of the proof" in written.err


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"rows":4', '"rows":3', "not made with this application key, or changed since"),
        ("caducee-audit-proof/1", "caducee-audit-proof/2", "of another version"),
        ('"mark":"', '"mark":"é', "not made with this application key, or changed since"),
        ('"rows"', '"lines"', "expected a proof"),
        ("{", "", "expected a proof"),
    ],
)
def test_a_proof_that_is_none_is_told_in_a_line(
    files: Files, capsys: pytest.CaptureFixture[str], old: str, new: str, told: str
) -> None:
    files[1].write_text(files[1].read_text().replace(old, new, 1))
    capsys.readouterr()
    assert verified(files) == 1
    written = capsys.readouterr()
    assert (written.out, written.err.count("\n"), told in written.err) == ("", 1, True)


def test_another_key_and_another_file_are_refused(
    files: Files, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files[0].write_bytes(b'{"at": \xff}\n')
    assert verified(files) == 1
    monkeypatch.setenv("CADUCEE_APPLICATION_KEY", "k" * 64)
    assert verified(files) == 1
    assert "not made with this application key" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        ["--account", ALICE, "--out", "x"],
        ["--event", "card:*", "--out", "x"],
        ["--since", "2026-11-01T08:00Z", "--out", "x"],
        ["--until", "3h", "--out", "x"],
        ["--format", "csv", "--out", "x"],
        [],
    ],
    ids=str,
)
def test_a_part_that_proves_nothing_is_wrong_use(
    house: Resources, capsys: pytest.CaptureFixture[str], tmp_path: Path, options: list[str]
) -> None:
    assert main(["audit", "export", "--proof", str(tmp_path / "proof"), *options]) == 2
    assert "--proof is of" in capsys.readouterr().err
    assert not (tmp_path / "proof").exists()


def test_a_proof_needs_its_file_and_nothing_beside(
    house: Resources, capsys: pytest.CaptureFixture[str]
) -> None:
    for options in (
        ["--proof", "x"],
        ["--export", "x"],
        ["--export", "x", "--proof", "y", "--since", "2026-11-01"],
    ):
        assert main(["audit", "verify", *options]) == 2
        assert "go together, and alone" in capsys.readouterr().err


def test_a_place_that_is_not_there_leaves_no_half(
    house: Resources, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = ["--out", str(tmp_path / "no" / "trail"), "--proof", str(tmp_path / "proof")]
    assert main(["audit", "export", *out]) == 1
    assert "is no directory" in capsys.readouterr().err
    assert not (tmp_path / "proof").exists()


def test_days_are_exported_apart_and_what_is_broken_already_is_said(
    house: Resources, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out, proof = tmp_path / "out", tmp_path / "proof"
    ends = ["--since", "2020-01-01", "--until", "2020-02-01"]
    assert main(["audit", "export", "--out", str(out), "--proof", str(proof), *ends]) == 0
    assert out.read_text() == ""
    with house.database.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit_events WHERE id = 2")
    assert main(["audit", "export", "--out", f"{out}2", "--proof", f"{proof}2"]) == 0
    assert "1 of them are broken already" in capsys.readouterr().err
