"""Contains what the answer to a form says, until its page is asked for. Not here: where it is kept (`record`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Never a password, nor a code. `at`: the last part of the address of its page."""

    at: str
    #: Key of the catalogue, or what the flow of that page makes one of.
    message: str | None = None
    status: int = 200
    #: Try again after it.
    wait_seconds: int = 0
    #: Keys of the catalogue, by the name of the field.
    faults: Mapping[str, str] = field(default_factory=dict)
    #: What may be shown again.
    typed: Mapping[str, str] = field(default_factory=dict)
