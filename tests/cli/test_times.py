"""What an operator types for a day or a time means the same after each command, and what means nothing is refused."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from idp.cli.main import build_parser

PARSER = build_parser()
FRENCH = ["--fr", "x"]
#: A day of the calendar; a time gone by, of which a day is the first moment; a time to come, where a day is none.
DAYS = {
    "audit verify --since": [],
    "audit seals --since": [],
    "charter publish --from": ["--revision", "1", *FRENCH],
    "charter preview --from": [],
    "conformity --on": [],
}
GONE = {
    "audit search --since": [],
    "audit export --until": [],
    "audit tail --since": [],
    "incident end --since": [],
}
TO_COME = {"notice set --from": FRENCH, "notice set --until": FRENCH}
#: Python reads a week, a day of the year and digits of other scripts as well; nobody at a desk means them.
NO_DAY = (
    *(
        "yesterday",
        "20261130",
        "2026-W48-1",
        "2026-334",
        "2026-11-31",
        "30/11/2026",
        "2026-11-3",
        "",
        "٢٠٢٦-11-30",
    ),
    *("6", "h", "-6h", "6 h", "6w", "12345d", "٦h", "08:00Z"),
)
NO_TIME = (
    *("2026-11-30T08:00", "2026-W48-1T08:00Z", "2026-11-30T25:00Z", "2026-11-30T", "0001-01-01T00:00+14:00"),
    *NO_DAY,
)


def given(command: str, text: str, more: Sequence[str]) -> Any:
    """Returns what the command reads there. Raises SystemExit."""
    *words, option = command.split()
    read = vars(PARSER.parse_args([*words, *more, f"{option}={text}"]))
    name = option[2:] if option[2:] in read else {"charter": "day", "notice": "since"}[words[0]]
    return read[name]


@pytest.mark.parametrize("command", [*DAYS, *GONE, *TO_COME])
def test_what_is_no_time_is_refused_as_wrong_use(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    more = {**DAYS, **GONE, **TO_COME}[command]
    for text in NO_DAY if command in DAYS else (*NO_TIME, *(["2026-12-24"] if command in TO_COME else ())):
        with pytest.raises(SystemExit, match="2"):
            pytest.fail(f"{text} is taken for {given(command, text, more)}")
        assert re.search(r"such as 2026-12-31|Z or an offset", capsys.readouterr().err), text


def test_a_day_is_that_day() -> None:
    read = {command: str(given(command, "2026-11-30", more)) for command, more in DAYS.items()}
    assert read == dict.fromkeys(DAYS, "2026-11-30")


def test_a_day_of_a_time_gone_by_is_its_first_moment() -> None:
    for command, more in GONE.items():
        assert given(command, "2026-11-01", more) == datetime(2026, 11, 1, tzinfo=UTC), command


def test_a_moment_has_its_offset() -> None:
    for command, more in {**GONE, **TO_COME}.items():
        for text in ("2026-11-01T09:30+01:00", "2026-11-01 08:30Z"):
            assert given(command, text, more) == datetime(2026, 11, 1, 8, 30, tzinfo=UTC), command


def test_a_while_is_counted_from_now() -> None:
    before = datetime.now(UTC)
    read = {command: given(command, "90m", more) for command, more in {**GONE, **TO_COME}.items()}
    whiles = timedelta(minutes=90), datetime.now(UTC) - before
    for command, moment in read.items():
        start = before + (whiles[0] if command in TO_COME else -whiles[0])
        assert start <= moment <= start + whiles[1], command
    assert given("audit search --since", "2d", ()) < given("audit search --since", "6h", ())


def test_an_incident_is_not_to_come() -> None:
    for text in ("2999-01-01", "2999-01-01T00:00Z"):
        with pytest.raises(SystemExit, match="2"):
            given("incident end --since", text, ())
