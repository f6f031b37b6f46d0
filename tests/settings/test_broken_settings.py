"""The table of broken settings, broken_settings.txt: the exact words of each, at a start and by `settings show`."""

from pathlib import Path

import pytest

from idp.settings import settings_in_force
from tests.settings.test_bad_values import GOOD, lines_of

TABLE = [
    block.splitlines()
    for block in (Path(__file__).parent / "broken_settings.txt").read_text("utf-8").split("\n\n")
    if block.strip() and not block.startswith("#")
]


def changes_of(block: list[str]) -> dict[str, str]:
    return {line.partition("=")[0]: line.partition("=")[2] for line in block[:-1]}


def test_there_are_sixty_and_more_and_no_two_are_the_same() -> None:
    assert len(TABLE) >= 60
    assert len({tuple(block) for block in TABLE}) == len(TABLE)


@pytest.mark.parametrize("block", TABLE, ids=lambda block: block[-2][:60])
def test_a_broken_setting_is_told_in_these_words(block: list[str]) -> None:
    assert lines_of(changes_of(block)) == [block[-1].strip()]


@pytest.mark.parametrize("block", TABLE, ids=lambda block: block[-2][:60])
def test_it_is_shown_with_the_same_words(block: list[str]) -> None:
    environment = {f"CADUCEE_{name}": value for name, value in {**GOOD, **changes_of(block)}.items()}
    names, _, told = block[-1].strip().partition(": ")
    faults = {row.name: row.fault for row in settings_in_force(environment, None) if row.fault}
    assert faults == dict.fromkeys(names.split(", "), told)
