"""`idp audit`: what an operator reads of the trail, and hears when it was touched."""

import csv
import io
import json
import signal
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from idp.adapters.sql.accounts import SqlAccounts
from idp.cli.audit import trail
from idp.cli.main import main
from idp.core.audit import AuditEvent
from idp.core.ephemeral import StoreUnavailable
from idp.settings import settings_from_environment
from idp.wiring.audit import build_keeper
from idp.wiring.resources import Resources, open_resources
from tests.commands import environment, set_environment, start
from tests.fakes import FixedClock
from tests.limits import eventually
from tests.made_once import place_database
from tests.people import ALICE, ALICE_RPPS, an_account

UNKNOWN = "10000000025"
INSERTED = (
    "INSERT INTO audit_events (id, at, event, account_id, facts, chain, sequence, digest)"
    " SELECT 6, at, event, 'bob', facts, chain, sequence, digest FROM audit_events WHERE id = 4"
)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Resources]:
    monkeypatch.setenv("SUDO_USER", "nadia")
    set_environment(
        monkeypatch,
        DATABASE=place_database(tmp_path / "db.sqlite"),
        AUDIT_LINES=f"file:{tmp_path / 'lines'}",
    )
    resources = open_resources(settings_from_environment())
    SqlAccounts(resources.database).add(an_account())
    yield resources
    resources.database.dispose()


@pytest.fixture
def full(house: Resources) -> Resources:
    """Five events, one after the other: rows 1 to 5."""
    record = house.audit.record
    record(AuditEvent.PASSWORD_REFUSED, rpps=UNKNOWN, reason="wrong")
    record(AuditEvent.CARD_LOGIN_REFUSED, rpps=ALICE_RPPS, reason="expired", interaction_id="abcd1234")
    record(AuditEvent.CARD_LOGIN_ACCEPTED, account_id=ALICE)
    record(AuditEvent.CODE_ISSUED, account_id=ALICE, client_id="=cmd()\x1b[2J")
    record(AuditEvent.CLIENT_REFUSED, used_basic=True)
    return house


def change(house: Resources, statement: str, *values: object) -> None:
    with sqlite3.connect(house.settings.where.database.removeprefix("sqlite:///")) as connection:
        connection.execute(statement, values)


def said(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    capsys.readouterr()
    assert main(["audit", *arguments]) == status
    return capsys.readouterr().out


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_last_events_are_shown_the_newest_at_the_end(
    full: Resources, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = said(capsys, "tail", "--last", "2").splitlines()
    assert ["code:issue:accepted" in lines[0], "client:authenticate:refused" in lines[1]] == [True, True]
    assert f"account_id={ALICE}" in lines[0]
    # What a refused request named: no terminal obeys it.
    assert "\x1b" not in lines[0]


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        (["--rpps", UNKNOWN], [1]),
        (["--rpps", ALICE_RPPS], [2, 3, 4]),
        (["--account", ALICE], [3, 4]),
        (["--event", "card:*", "--event", "client:*"], [2, 3, 5]),
        (["--reference", "abcd1234"], [2]),
        (["--since", "1h", "--last", "2"], [4, 5]),
        (["--last", "2", "--before", "4"], [2, 3]),
        (["--outcome", "refused"], [1, 2, 5]),
        (["--outcome", "refused", "--event", "card:*"], [2]),
        (["--person", "no such"], []),
        (["--until", "2020-01-01"], []),
        (["--since", "2020-01-01T08:00+01:00", "--client", "=cmd()\x1b[2J"], [4]),
    ],
    ids=str,
)
def test_events_are_found_by_what_is_known_of_them(
    full: Resources, capsys: pytest.CaptureFixture[str], asked: Sequence[str], rows: Sequence[int]
) -> None:
    found = said(capsys, "search", "--json", *asked, status=0 if rows else 1)
    assert [one["id"] for one in objects(found)] == rows


def test_an_event_that_there_is_not_is_told_with_the_nearest(
    house: Resources, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["audit", "search", "--event", "card:login:refuse"])
    assert "did you mean card:login:refused?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "bad",
    [
        ["--outcome", "fused"],
        ["--event", "card:login:refuse"],
        ["--event", "cards:*"],
        ["--before", "-1"],
        ["--since", "yesterday"],
        ["--since", "2026-11-30T08:00"],
        ["--last", "0"],
        ["--last", "x"],
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_wrong_use(house: Resources, bad: Sequence[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["audit", "search", *bad])


def test_a_search_without_a_time_or_a_person_says_how_far_it_looked(
    full: Resources, capsys: pytest.CaptureFixture[str]
) -> None:
    change(full, "UPDATE audit_events SET at = at - 40 * 86400000000 WHERE id IN (1, 3)")
    assert [one["id"] for one in objects(said(capsys, "search", "--json"))] == [2, 4, 5]
    main(["audit", "search"])
    assert "idp: looked back to 20" in capsys.readouterr().err
    assert [one["id"] for one in objects(said(capsys, "search", "--json", "--since", "50d"))] == [
        1,
        2,
        3,
        4,
        5,
    ]
    assert [one["id"] for one in objects(said(capsys, "search", "--json", "--account", ALICE))] == [3, 4]
    main(["audit", "search", "--last", "2"])
    assert "idp: the last 2; what came before: --before 4\n" in capsys.readouterr().err


def test_following_ends_in_a_line_when_the_database_goes(
    full: Resources, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def gone(*_arguments: object) -> None:
        raise StoreUnavailable("SQL database: OperationalError")

    monkeypatch.setattr(trail, "_show_new", gone)
    monkeypatch.setattr(trail, "_FOLLOW_SECONDS", 0)
    assert main(["audit", "tail", "-f", "--last", "1"]) == 1
    assert capsys.readouterr().err == "idp: SQL database: OperationalError\n"


def test_everything_is_exported_to_a_new_file(
    full: Resources, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "trail.jsonl"
    said(capsys, "export", "--out", str(out))
    assert [one["id"] for one in objects(out.read_text())] == [1, 2, 3, 4, 5]
    assert out.stat().st_mode & 0o777 == 0o600
    said(capsys, "export", "--out", str(out), status=1)
    rows = list(csv.DictReader(io.StringIO(said(capsys, "export", "--format", "csv"))))
    assert [row["event"] for row in rows][:2] == ["password:check:refused", "card:login:refused"]
    assert json.loads(rows[1]["facts"]) == {"reason": "expired"}
    # No formula for a spreadsheet.
    assert rows[3]["client_id"].startswith("'=")


def test_a_whole_trail_is_said_to_be_whole(full: Resources, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "verify").startswith("whole: 5 rows, 1 chains")
    assert objects(said(capsys, "verify", "--json"))[-1]["faults"] == 0


@pytest.mark.parametrize(
    ("statement", "first"),
    [
        ("UPDATE audit_events SET account_id = 'bob' WHERE id = 3", "changed: row 3,"),
        ("DELETE FROM audit_events WHERE id = 2", "removed: no row,"),
        (
            INSERTED,
            "inserted: row 6,",
        ),
        ("UPDATE audit_events SET sequence = 9 - sequence WHERE id IN (4, 5)", "changed: row"),
    ],
    ids=["changed", "removed", "inserted", "exchanged"],
)
def test_the_first_row_that_was_touched_is_named(
    full: Resources, capsys: pytest.CaptureFixture[str], statement: str, first: str
) -> None:
    change(full, statement)
    text = said(capsys, "verify", status=1)
    assert text.startswith(first)
    assert "BROKEN" in text


def test_rows_cut_off_the_end_are_missed_by_their_seal_or_by_their_lines(
    full: Resources, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    exported = tmp_path / "elsewhere.jsonl"
    said(capsys, "export", "--out", str(exported))
    # As a collector has it: a header before the line, and one that was cut.
    exported.write_text("".join(f"<86>1 - {line}\n" for line in exported.read_text().splitlines()) + '{"at"')
    said(capsys, "verify", "--lines", str(exported))
    change(full, "DELETE FROM audit_events WHERE id = 5")
    said(capsys, "verify")
    assert "there is a line of it" in said(capsys, "verify", "--lines", str(exported), status=1)
    clock = FixedClock(full.clock.now())
    clock.advance(days=2)
    build_keeper(full.settings, full.database, clock).seal_due()
    kept = tmp_path / "seals"
    kept.write_text(said(capsys, "seals"))
    said(capsys, "verify", "--seals", str(kept))
    change(full, "DELETE FROM audit_events WHERE id = 4")
    assert said(capsys, "verify", status=1).startswith("cut: no row,")
    change(full, "DELETE FROM audit_seals")
    change(full, "DELETE FROM audit_events WHERE id = 3")
    said(capsys, "verify")
    assert "kept elsewhere, and not here" in said(capsys, "verify", "--seals", str(kept), status=1)


def test_a_file_without_seals_is_refused(
    full: Resources, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "seals").write_text('{"day": "2026-11-30"}\n')
    assert main(["audit", "verify", "--seals", str(tmp_path / "seals")]) == 1
    assert "expected lines of `idp audit seals`" in capsys.readouterr().err


def test_verifying_from_a_day_on_looks_at_its_chains_whole(
    full: Resources, capsys: pytest.CaptureFixture[str]
) -> None:
    today = f"{full.clock.now():%Y-%m-%d}"
    assert said(capsys, "verify", "--since", today).startswith("whole: 5 rows")
    assert said(capsys, "verify", "--since", "2999-01-01").startswith("whole: 0 rows")


@pytest.mark.parametrize(
    ("before", "settings", "name"),
    [
        ((), {}, "nadia"),
        ((), {"CADUCEE_AUDIT_OPERATOR": "Centre de service"}, "Centre de service"),
        (("--operator", "astreinte"), {"CADUCEE_AUDIT_OPERATOR": "Centre de service"}, "astreinte"),
    ],
    ids=["sudo", "setting", "option"],
)
def test_a_command_says_who_gave_it_in_its_row_and_its_line(
    house: Resources,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    before: Sequence[str],
    settings: dict[str, str],
    name: str,
) -> None:
    for variable, value in settings.items():
        monkeypatch.setenv(variable, value)
    assert main([*before, "accounts", "unlock", ALICE_RPPS]) == 0
    (row,) = objects(said(capsys, "search", "--by", name, "--json"))
    (line,) = objects((tmp_path / "lines").read_text())
    assert row["operator"] == line["operator"] == name
    assert {**row, "id": None} == {**line, "id": None}


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 65])
def test_a_name_that_is_none_is_wrong_use(house: Resources, name: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--operator", name, "accounts", "unlock", ALICE_RPPS])


def test_following_shows_what_comes(full: Resources) -> None:
    settings = {"DATABASE": full.settings.where.database}
    following = start("audit", "tail", "-f", "--last", "1", environment=environment(**settings))
    assert eventually(lambda: "client:authenticate:refused" in following.stdout, 20)
    full.audit.record(AuditEvent.KEY_REVOKED, kid="k")
    assert eventually(lambda: "key:revoke:accepted" in following.stdout, 20)
    following.send_signal(signal.SIGINT)
    assert following.wait(20) == 0
    assert following.stdout.count("\n") == 2
    assert following.stderr == ""
