"""JSON as it is kept: no blanks, ASCII, no NaN.

Contains what writes it. `json` makes an encoder in C for each text, which costs more than writing a short one; ours is
made once (docs/performance.md). Not here: JSON that is read.
"""

import json
from collections.abc import Callable
from json import encoder
from typing import Any


def compact_json(*, sorted_keys: bool = False) -> Callable[[Any], str]:
    """Returns what writes a value. That raises TypeError for one that JSON has not, ValueError for NaN and infinity,
    RecursionError for one that holds itself."""
    made = json.JSONEncoder(separators=(",", ":"), sort_keys=sorted_keys, allow_nan=False)
    in_c: Any = getattr(encoder, "c_make_encoder", None)
    if in_c is None:  # another Python
        return made.encode
    # In the order of json.encoder: no marks of what was seen, and ours else.
    ascii_text: Any = encoder.encode_basestring_ascii
    chunks = in_c(None, made.default, ascii_text, None, ":", ",", sorted_keys, False, False)
    return lambda value: "".join(chunks(value, 0))
