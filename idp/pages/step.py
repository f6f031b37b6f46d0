"""Contains « Étape 2 sur 3 » of a first connection. Not here: the pages that say it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    number: int
    count: int
