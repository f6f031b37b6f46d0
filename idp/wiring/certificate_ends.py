"""Contains when the certificates end that this service uses, by their use. Not here: the files (`certificates`), who
is told (`readings`)."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from idp.settings import Settings
from idp.wiring.certificates import certificate_files, ends_in
from idp.wiring.parts import Parts


def certificate_ends(parts: Parts) -> dict[str, datetime]:
    """Returns the end of the first certificate of each use that ends."""
    ends = dict(_ends_of_files(parts.settings))
    if parts.policy is not None:
        anchors = parts.policy.anchors
        ends["card_authorities"] = min(one.not_after for one in anchors.all)
    return ends


def _ends_of_files(settings: Settings) -> Iterator[tuple[str, datetime]]:
    """Yields the end of each certificate that stands in a file and can be read."""
    for use, paths in certificate_files(settings).items():
        ends = list[datetime]()
        for path in paths:
            with suppress(OSError, ValueError):  # Who needs it says so.
                ends += ends_in(path)
        if ends:
            yield use, min(ends)
