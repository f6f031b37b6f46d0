"""Contains what a password typed at the door is counted in: the tries of its person, guessing spread over many persons.

Not here: counting (`accounts/throttle`, `accounts/spread`), the forms of one network.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from werkzeug.wrappers import Request

from idp.accounts.spread import Network, Spread
from idp.accounts.throttle import PasswordThrottle
from idp.core.clock import Clock
from idp.core.ephemeral import Place
from idp.web.known_device import KnownDevices
from idp.web.network_quota import NetworkQuota


@dataclass(frozen=True, slots=True)
class Begun:
    """A try that is counted, and not compared yet."""

    rpps: str
    #: None too where the browser is one that the person has used before: it is not counted there.
    network: Network | None
    places: Sequence[Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordTries:
    throttle: PasswordThrottle
    spread: Spread
    quota: NetworkQuota
    devices: KnownDevices
    clock: Clock

    def foresee(self, request: Request) -> None:
        """A try comes, perhaps: what it looks at first may be asked along with what this request asks next."""
        if (network := self.quota.network(request)) is not None:
            self.spread.foresee(network)

    def begin(self, request: Request, rpps: str) -> Begun:
        """Count one try (TH1), as a step of its own. Raises Slowed, before anything of the person is counted; Wait,
        Closed."""
        device = self.devices.nonce(request, rpps)
        network = None if device else self.quota.network(request)
        if network is not None:
            self.spread.admit(network)
        return Begun(rpps, network, self.throttle.begin(rpps, device, self.clock.now()))

    def refused(self, begun: Begun) -> None:
        """It was wrong, or nobody's."""
        self.spread.refused(begun.rpps, begun.network, self.clock.now())

    def succeed(self, begun: Begun) -> None:
        """It was right: forget what failed before, with the present unit of work."""
        self.throttle.succeed(begun.places)

    def succeeded(self, begun: Begun) -> None:
        """That is written: the person was nobody who guesses."""
        self.spread.right(begun.rpps, begun.network)
