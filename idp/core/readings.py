"""Contains a number that is looked up when somebody asks. Not here: what is counted as it happens (`meters`)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Of the node or the service: a gauge. `labels`: their names are the same for all readings of one name."""

    name: str
    description: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()
