"""How many examples the tests of properties try: all in continuous integration, a quarter elsewhere.

Contains the two profiles of Hypothesis and the choice by the variable CI. Not here: which examples. A run with
`CI=1 make test` tries as many as continuous integration.
"""

import os

from hypothesis import settings

PROFILE = "whole" if os.environ.get("CI") else "quarter"
_SHARE = {"whole": 1, "quarter": 4}


def examples(count: int) -> int:
    """So many in continuous integration."""
    return max(1, count // _SHARE[PROFILE])


def choose_profile() -> None:
    """No example is late: a busy machine pauses a test wherever it likes (tests/limits.py)."""
    for name, share in _SHARE.items():
        settings.register_profile(name, max_examples=100 // share, deadline=None)
    settings.load_profile(PROFILE)
