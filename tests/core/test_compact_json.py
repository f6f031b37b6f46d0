"""JSON that is kept is what `json` writes, without its blanks."""

import json
from json import encoder
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.core.compact_json import compact_json

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_VALUES)
def test_a_value_is_written_as_json_writes_it(value: Any) -> None:
    for sorted_keys in (False, True):
        expected = json.dumps(value, separators=(",", ":"), sort_keys=sorted_keys)
        assert compact_json(sorted_keys=sorted_keys)(value) == expected


@pytest.mark.parametrize("in_c", [True, False])
def test_what_json_has_not_is_refused(in_c: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not in_c:
        monkeypatch.setattr(encoder, "c_make_encoder", None)
    write = compact_json()
    assert write({"é": (1, None)}) == '{"\\u00e9":[1,null]}'
    with pytest.raises(ValueError, match="JSON"):
        write({"a": float("nan")})
    with pytest.raises(TypeError, match="set"):
        write({"a": {1}})
