"""The numbers of structures, as a relying party may name one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.structures import is_structure_number


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("750100125", True),
        ("2A0000014", True),
        ("9B0100011", True),
        ("0B0193488", True),  # of the published samples, as the next two
        ("1B0064166", True),
        ("00000000016972", True),
        ("00000000016973", False),  # its Luhn key is another
        ("35600000000048", True),  # La Poste, its seat
        ("35600000049837", True),  # one of its places: 5 times 9, no Luhn key
        ("35600000049838", False),
        ("2a0000014", False),
        ("A20000014", False),
        ("75010012", False),
        ("7501001250", False),
        ("0000000001697", False),
        ("000000000016972", False),
        ("000 000 000 16972", False),
        ("٧٥٠١٠٠١٢٥", False),
        ("750100125\n", False),
        ("", False),
    ],
)
def test_a_finess_has_its_shape_and_a_siret_its_key(text: str, is_one: bool) -> None:
    assert is_structure_number(text) is is_one


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    assert not is_structure_number(text) or len(text) in (9, 14)
