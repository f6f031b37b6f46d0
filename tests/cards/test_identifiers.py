"""National identifiers keep their kind."""

import pytest

from idp.cards.identifiers import (
    EMPLOYEE_KINDS,
    IdentifierKind,
    NationalId,
    UnreadableIdentifier,
    parse_national_id,
)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("899700218896", IdentifierKind.RPPS, "99700218896"),
        ("00B6087510", IdentifierKind.ADELI, "0B6087510"),
        ("3760021832/000000018", IdentifierKind.FINESS, "760021832/000000018"),
        ("500000000029751/CPAT0001", IdentifierKind.SIRET, "00000000029751/CPAT0001"),
        ("9AB123", IdentifierKind.STUDENT, "AB123"),
    ],
)
def test_first_digit_tells_the_kind(text: str, kind: IdentifierKind, value: str) -> None:
    assert parse_national_id(text) == NationalId(kind, value)


def test_only_an_rpps_has_an_rpps() -> None:
    assert parse_national_id("899700218896").rpps == "99700218896"
    assert parse_national_id("00B6087510").rpps is None


def test_employee_kinds_are_those_with_a_register_number() -> None:
    assert parse_national_id("6B12345/77").kind in EMPLOYEE_KINDS
    assert IdentifierKind.RPPS not in EMPLOYEE_KINDS
    assert IdentifierKind.ADELI not in EMPLOYEE_KINDS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8",
        "899700218897",  # wrong key
        "899700218896\n",
        "899700218896/0001",
        "7123",
        "0123",
        "3760021832",
        "00b6087510",
        "8٩٩700218896",
    ],
)
def test_malformed_identifiers_are_refused(text: str) -> None:
    with pytest.raises(UnreadableIdentifier):
        parse_national_id(text)
