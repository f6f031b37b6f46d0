"""Contains WHICH PAGE: one file per stop; each records facts. Not here: what comes next (`interaction`)."""
