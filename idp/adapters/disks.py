"""Contains how much of the disks is free on which this node writes. Not here: how little is too little."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path


def free_percent(places: Mapping[str, Path]) -> Iterator[tuple[str, float]]:
    """Yields how many percent are free where each place is, of those that are there."""
    for name, path in places.items():
        with suppress(OSError):
            usage = shutil.disk_usage(path)
            # `free` is what is left for us; a part of the disk may be the superuser's.
            yield name, 100.0 * usage.free / usage.total
