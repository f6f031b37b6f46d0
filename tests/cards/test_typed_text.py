"""What is pasted with a number or a line is not seen, and does not count."""

import unicodedata
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.email_otp import canonical_code
from idp.accounts.enrolment import form_faults, typed_values
from idp.cards.rpps import InvalidRpps, parse_rpps
from idp.cards.typed_text import bare_number, one_line
from tests.cards.characters import characters

#: Beside those of `_unseen`: what looks like a dash, or like nothing, under another category.
_LOOKS = [*"\u2212\u02d7\u2043\u2796", *"\u034f\u115f\u1160\u17b4\u180b\ufe0f\U000e0100\u2800\u3164\uffa0"]


@cache
def _unseen() -> list[str]:
    """Every space, separator, control and format character and every dash of Unicode, by category; and `_LOOKS`."""
    return [*characters("Zs", "Zl", "Zp", "Cc", "Cf", "Pd"), *_LOOKS]


FORM = {
    "email": "a@b.example",
    "address_line1": "1 rue",
    "address_line2": "",
    "postal_code": "75001",
    "city": "Paris",
}


def test_every_space_dash_control_and_invisible_character_of_unicode_may_be_pasted_with_a_number() -> None:
    assert [c for c in _unseen() if bare_number(f"{c}12{c}34{c}") != "1234"] == []


@given(st.deferred(lambda: st.text(alphabet=st.sampled_from(_unseen()), max_size=3)), st.integers(0, 11))
def test_an_rpps_and_a_code_are_read_whatever_unseen_is_in_them(unseen: str, place: int) -> None:
    rpps, code = "99700218896", "12345678"
    assert parse_rpps(rpps[:place] + unseen + rpps[place:]) == rpps
    assert canonical_code(code[:place] + unseen + code[place:], 8) == code


def test_full_width_digits_are_digits_and_those_of_other_scripts_are_not() -> None:
    assert parse_rpps("９９７００２１８８９６") == "99700218896"
    assert canonical_code("１２３４５６７８", 8) == "12345678"
    for other in ("٩٩٧٠٠٢١٨٨٩٦", "९९७००२१८८९६"):
        with pytest.raises(InvalidRpps):
            parse_rpps(other)
    assert canonical_code("١٢٣٤٥٦٧٨", 8) is None


@pytest.mark.parametrize("wrong", ["1234567\ud800", "1234567\ue000", "1234567.", "1234567O", "12345678/"])
def test_what_is_seen_and_is_no_digit_makes_it_no_code(wrong: str) -> None:
    assert canonical_code(wrong, 8) is None


@given(st.text())
def test_a_line_is_one_line_of_drawn_characters_in_nfc_and_reading_it_again_changes_nothing(
    text: str,
) -> None:
    line = one_line(text)
    assert line == " ".join(line.split()) == unicodedata.normalize("NFC", line) == one_line(line)
    assert all(c == " " or c.isprintable() for c in line)


@pytest.mark.parametrize(
    "pasted",
    [
        "\u00a0aicha@hopital.example\u202f",
        "aicha\u200b@hopital.\u00adexample",
        "\u2066aicha@hopital.example\u2069",
        "\ufeffaicha@hopital.example\r\n",
        "aicha@hopital.example.",
        "aicha@hopital.example ;",
        "mailto:aicha@hopital.example",
        "MAILTO:aicha@hopital.example",
        "<aicha@hopital.example>,",
    ],
)
def test_an_address_is_read_as_it_is_seen(pasted: str) -> None:
    values = typed_values({**FORM, "email": pasted})
    assert values["email"] == "aicha@hopital.example"
    assert form_faults(values) == {}


@pytest.mark.parametrize(
    ("pasted", "read"),
    [
        ("７５００１", "75001"),
        ("L\u20111234", "L-1234"),
        ("75\u202f001\u200e", "75 001"),
    ],
)
def test_a_postal_code_is_read_as_it_is_seen(pasted: str, read: str) -> None:
    values = typed_values({**FORM, "postal_code": pasted})
    assert values["postal_code"] == read
    assert form_faults(values) == {}


def test_an_invisible_character_parts_no_word() -> None:
    assert typed_values({**FORM, "city": "Saint\u00ad-Denis\ufeff"})["city"] == "Saint-Denis"
