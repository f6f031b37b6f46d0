"""Contains which address of a caller arrives here, told to `idp doctor` alone: to who proves the application key.

Not here: which entry of a header is believed (`network`), what the doctor makes of it (`wiring/doctor`).
"""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from werkzeug.wrappers import Request

from idp.core.clock import Clock
from idp.web.network import CallerNetworks

HEADER = "Caducee-Doctor"
#: A proof that somebody else heard says where they are, for so long.
_HOLDS = timedelta(minutes=2)


def proof(key: bytes, at: datetime) -> str:
    """Returns what the header must say: the second, and its digest under the key."""
    second = str(int(at.timestamp()))
    return f"{second}.{hmac.new(key, second.encode(), 'sha256').hexdigest()}"


@dataclass(frozen=True, slots=True)
class Seen:
    key: bytes
    clock: Clock
    networks: CallerNetworks

    def told(self, request: Request) -> dict[str, str]:
        """Returns the address that counts as the caller's, "" where none is told; nothing to who proves nothing."""
        given = request.headers.get(HEADER, "")
        second = given.partition(".")[0]
        if not (second.isascii() and second.isdigit() and len(second) < 12):
            return {}
        at = datetime.fromtimestamp(int(second), tz=self.clock.now().tzinfo)
        if abs(self.clock.now() - at) > _HOLDS or not hmac.compare_digest(
            given.encode(), proof(self.key, at).encode()
        ):
            return {}
        address = self.networks.address(request)
        return {"seen": "" if address is None else str(address)}
