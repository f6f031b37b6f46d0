"""`python -m tests.forked_cluster …`: the cluster, with its Python programs forked from it (`forked`)."""

import sys

from sandbox.cluster.__main__ import main
from tests.forked import fork, preload

if __name__ == "__main__":
    preload()
    sys.exit(main(fork))
