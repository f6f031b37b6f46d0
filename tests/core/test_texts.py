"""JSON of others: half of a surrogate pair stands nowhere in what is read (RFC 7493 §2.1)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.core.texts import is_encodable, read_json

#: Halves of pairs too, and often.
ANY = st.characters(exclude_categories=()) | st.sampled_from("\ud800\udfff")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(ANY),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(ANY), inner, max_size=3),
    max_leaves=6,
)


@given(VALUES, st.booleans())
def test_what_is_read_can_be_sent_and_stored(value: object, is_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=is_ascii)
    if not is_ascii and not is_encodable(text):
        return  # no such text comes from outside: it was decoded from UTF-8
    try:
        found = read_json(text)
    except ValueError:
        assert not is_encodable(json.dumps(value, ensure_ascii=False))
    else:
        assert found == value
        assert is_encodable(json.dumps(found, ensure_ascii=False))


@pytest.mark.parametrize(
    "text", [r'"\ud800"', r'{"a": ["\uDFFF"]}', r'{"\udc00": 1}', r'["😀", {"b": {"c": "\uD83D"}}]']
)
def test_half_of_a_pair_is_refused_wherever_it_stands(text: str) -> None:
    with pytest.raises(ValueError, match="texts that UTF-8 can hold"):
        read_json(text)


def test_a_whole_pair_is_one_character() -> None:
    assert read_json(r'"\ud83d\ude00"') == "😀"


def test_the_hooks_of_the_caller_count() -> None:
    def refuse(name: str) -> Any:
        raise ValueError(name)

    with pytest.raises(ValueError, match="NaN"):
        read_json("NaN", parse_constant=refuse)
