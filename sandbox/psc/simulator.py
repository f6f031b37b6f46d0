"""The object that both origins share: configuration, memory, switches and the simulated time."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sandbox.psc.clients import Client
from sandbox.psc.keys import KeyRing, SigningKey
from sandbox.psc.sessions import Sessions
from sandbox.psc.state import State
from sandbox.psc.switches import Switches


@dataclass
class Simulator:
    auth_origin: str
    wallet_origin: str
    clients: Mapping[str, Client]
    keys: KeyRing
    state: State = field(default_factory=State)
    sessions: Sessions = field(default_factory=Sessions)
    switches: Switches = field(default_factory=Switches)
    real_time: Callable[[], float] = time.time
    #: What a Keycloak would show its administrators, the newest last.
    events: deque[Mapping[str, str]] = field(default_factory=lambda: deque(maxlen=1000))

    @property
    def issuer(self) -> str:
        return f"{self.auth_origin}/auth/realms/esante-wallet"

    def now(self) -> float:
        """Returns the simulated time."""
        return self.real_time() + self.switches.clock_offset_seconds

    def signing_key(self) -> SigningKey:
        return self.keys.signing(self.switches.key_generation)

    def published_keys(self) -> list[SigningKey]:
        """Returns the keys at `jwks_uri`, newest first: Keycloak keeps retired keys until they are deleted."""
        if self.switches.old_keys == "withdrawn":
            return [self.signing_key()]
        return self.keys.published(self.switches.key_generation)

    def note(self, kind: str, error: str) -> None:
        self.events.append({"type": kind, "error": error})

    def reset(self) -> None:
        self.events.clear()
        self.switches = Switches()
        self.state.reset()
        self.sessions.end_all()
