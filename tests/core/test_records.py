"""The converter of records: how strictly it reads, whatever the record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal, NewType

import pytest

from idp.core.records import from_plain, to_plain

_Name = NewType("_Name", str)


class _Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class _Inner:
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    name: _Name
    at: datetime
    colour: _Colour
    side: Literal["left", "right"]
    inner: _Inner
    rows: tuple[_Inner, ...] = ()
    is_on: bool = False
    number: int = 0
    maybe: str | None = None
    claims: Mapping[str, object] | None = None


_PLAIN: Mapping[str, Any] = {
    "name": "a",
    "at": "2026-11-23T12:00:00.000250+00:00",
    "colour": "red",
    "side": "left",
    "inner": {"text": "b"},
    "rows": [{"text": "c"}, {"text": "d"}],
    "is_on": True,
    "number": 7,
    "maybe": None,
    "claims": {"any": [1, {"thing": None}]},
}
_RECORD = _Record(
    name=_Name("a"),
    at=datetime(2026, 11, 23, 12, 0, 0, 250, tzinfo=UTC),
    colour=_Colour.RED,
    side="left",
    inner=_Inner("b"),
    rows=(_Inner("c"), _Inner("d")),
    is_on=True,
    number=7,
    claims={"any": [1, {"thing": None}]},
)


def test_a_record_is_read_with_the_types_it_was_written_with() -> None:
    read = from_plain(_Record, _PLAIN)
    assert read == _RECORD
    assert (type(read.colour), type(read.rows)) == (_Colour, tuple)


def test_a_record_is_written_as_plain_values_in_the_order_of_its_members() -> None:
    written = to_plain(_RECORD)
    assert list(written) == list(_PLAIN)
    assert {**written, "rows": list(written["rows"])} == _PLAIN


def test_a_member_with_a_default_may_be_absent() -> None:
    required = {name: _PLAIN[name] for name in ("name", "at", "colour", "side", "inner")}
    assert from_plain(_Record, required).rows == ()


@pytest.mark.parametrize("name", ["name", "at", "colour", "side", "inner"])
def test_a_member_without_default_may_not_be_absent(name: str) -> None:
    with pytest.raises(KeyError):
        from_plain(_Record, {other: value for other, value in _PLAIN.items() if other != name})


@pytest.mark.parametrize(
    "change", [{"more": 1}, {"inner": {"text": "b", "more": 1}}, {"rows": [{"text": "c", "more": 1}]}]
)
def test_an_unknown_member_is_refused_wherever_it_is(change: Mapping[str, Any]) -> None:
    with pytest.raises(Exception, match="more"):
        from_plain(_Record, {**_PLAIN, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"name": None},
        {"name": 1},
        {"at": None},
        {"at": "yesterday"},
        {"colour": "green"},
        {"side": "middle"},
        {"inner": None},
        {"inner": "b"},
        {"is_on": "false"},
        {"is_on": 0},
        {"number": "7"},
        {"number": True},
        {"maybe": 1},
    ],
)
def test_a_value_of_another_type_is_refused_and_never_converted(change: Mapping[str, Any]) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011 the library has no common one
        from_plain(_Record, {**_PLAIN, **change})


def test_a_refused_text_is_not_told() -> None:
    with pytest.raises(ValueError, match="^expected int$"):
        from_plain(_Record, {**_PLAIN, "number": "secret"})
