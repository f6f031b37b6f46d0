"""A copy of a frozen record is the one that the standard library makes."""

import dataclasses
from dataclasses import dataclass, field

import pytest

from idp.core.changed import changed
from tests.people import an_interaction


@dataclass(frozen=True, slots=True)
class Pair:
    first: int
    second: int = field(default=2, compare=False)


def test_a_changed_record_is_a_new_one_with_the_other_members_as_they_were() -> None:
    pair = Pair(1, 5)
    assert dataclasses.astuple(changed(pair, first=7)) == (7, 5)
    assert dataclasses.astuple(pair) == (1, 5)


def test_an_interaction_is_changed_as_the_standard_library_does() -> None:
    one, members = an_interaction(), {"sid": "sid", "confirmed": True, "version": 3}
    assert changed(one, **members) == dataclasses.replace(one, **members) != one


def test_a_member_that_a_record_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match="third"):
        changed(Pair(1), third=3)
