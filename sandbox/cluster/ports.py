"""Which port serves what in the cluster.

Contains those of the demo, where nginx stands in the place of the provider and of the card host, and ten behind
it. Not here: the check that they are free (`demo.ports`).
"""

from dataclasses import dataclass

from sandbox.demo.ports import Ports, refuse_taken

#: In a row after those of the demo, the last of which is the style guide's.
_BEHIND = (
    "the first provider",
    "the second provider",
    "PostgreSQL",
    "the first Redis",
    "the second Redis",
    "the first sentinel",
    "the second sentinel",
    "the third sentinel",
    "the operations listener of the second provider",
    "the operations listener of the worker",
)
_AFTER = 13
COUNT = _AFTER + len(_BEHIND)


@dataclass(frozen=True, slots=True)
class ClusterPorts:
    """`around`: nginx (issuer and card host) and the programs of the sandbox."""

    around: Ports

    @classmethod
    def on(cls, base: int) -> "ClusterPorts":
        """Raises ValueError."""
        return cls(Ports(base, "https"))

    def provider(self, rank: int) -> int:
        return self.around.base + _AFTER + rank

    @property
    def postgresql(self) -> int:
        return self.around.base + _AFTER + 2

    def redis(self, rank: int) -> int:
        return self.around.base + _AFTER + 3 + rank

    def sentinel(self, rank: int) -> int:
        return self.around.base + _AFTER + 5 + rank

    def operations(self, rank: int) -> int:
        """Returns the port of the operations listener of a provider."""
        return (self.around.operations, self.around.base + _AFTER + 8)[rank]

    @property
    def operations_of_worker(self) -> int:
        return self.around.base + _AFTER + 9

    def refuse_taken(self) -> None:
        """Raises PortTaken for the first port on which another program listens."""
        self.around.refuse_taken()
        refuse_taken(enumerate(_BEHIND, self.around.base + _AFTER))
