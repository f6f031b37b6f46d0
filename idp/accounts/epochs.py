"""Port to epochs: an operator voids everything that began before, of everybody at once (docs/adr/0046).

Contains what a proof is compared with while its person has no account; an account's own generation is never lower than
the present epoch's number. Not here: who begins one.
"""

from typing import Protocol


class Epochs(Protocol):
    def present(self) -> int:
        """Returns the number of the present epoch: the lowest generation that an account is of; 0 before the first."""
