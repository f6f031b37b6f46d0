"""Contains how much one network may begin. Not here: which network, and how much (`web/network_quota`)."""

from datetime import timedelta
from typing import NamedTuple

from idp.core.ephemeral import Kind


class Share(NamedTuple):
    """`most` in a window that starts at the first count of `counter`."""

    counter: tuple[Kind, str]
    window: timedelta
    most: int
