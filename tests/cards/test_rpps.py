"""One parser for RPPS numbers, one check digit."""

import pytest

from idp.cards.rpps import InvalidRpps, is_luhn_valid, parse_rpps

# Test numbers published by ANS.
PUBLISHED = ("99700218896", "99700075122", "99700735741", "99700234190", "99700343942")


@pytest.mark.parametrize(
    "text", ["99700218896", "899700218896", "8 997 002 188 96", "997\u00a0002\u202f188\u00a096"]
)
def test_every_printed_form_is_the_same_number(text: str) -> None:
    assert parse_rpps(text) == "99700218896"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9970021889",
        "999700218896",  # twelve digits that do not start with 8
        "8899700218896",
        "٩٩٧٠٠٢١٨٨٩٦",
        "9970021889a",
        "997.002.188.96",
    ],
)
def test_anything_else_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InvalidRpps) as refused:
        parse_rpps(text)
    assert not text or text not in str(refused.value)


def test_typed_number_needs_no_valid_key_digit() -> None:
    assert not is_luhn_valid("99700218897")
    assert parse_rpps("99700218897") == "99700218897"


@pytest.mark.parametrize("number", PUBLISHED)
def test_published_numbers_carry_the_luhn_key(number: str) -> None:
    assert is_luhn_valid(number)


@pytest.mark.parametrize("position", range(11))
def test_any_single_wrong_digit_breaks_the_key(position: int) -> None:
    digits = list(PUBLISHED[0])
    digits[position] = str((int(digits[position]) + 1) % 10)
    assert not is_luhn_valid("".join(digits))


@pytest.mark.parametrize("text", ["", "a", "٠", "0\n"])
def test_only_ascii_digits_have_a_key(text: str) -> None:
    assert not is_luhn_valid(text)
