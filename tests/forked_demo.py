"""`python -m tests.forked_demo …`: the demo, with its programs forked from it instead of started anew (`forked`).

The demo as it is stands in tests/journeys/test_demo.py.
"""

import sys

from sandbox.demo.__main__ import main
from tests.forked import fork, preload

__all__ = ["fork", "preload"]

if __name__ == "__main__":
    preload()
    sys.exit(main(fork))
