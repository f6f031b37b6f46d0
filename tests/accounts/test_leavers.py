"""When a sign-in is written."""

from datetime import timedelta

import pytest

from idp.accounts.leavers import is_sign_in_written
from tests.fakes import NOON
from tests.people import an_account

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("ago", "is_written"),
    [(None, True), (timedelta(), False), (24 * HOUR - timedelta(microseconds=1), False), (24 * HOUR, True)],
)
def test_a_sign_in_is_written_once_a_day(ago: timedelta | None, is_written: bool) -> None:
    last = None if ago is None else NOON - ago
    assert is_sign_in_written(an_account(signed_in_at=last), NOON) is is_written


def test_a_clock_of_another_node_that_is_ahead_writes_nothing() -> None:
    assert not is_sign_in_written(an_account(signed_in_at=NOON + HOUR), NOON)
