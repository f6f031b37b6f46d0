"""Which port serves what, and whether it is free.

Contains the eleven ports, the check, and the two that an nginx in front takes. Not here: starting anything.
"""

import socket
from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.serving import loopback_addresses

DEFAULT_BASE = 8400
_ROLES = (
    "the provider",
    "the card host",
    "Pro Santé Connect, issuer",
    "Pro Santé Connect, sign-in pages",
    "the mail pages",
    "SMTP",
    "ViaTrajectoire",
    "Trajectoire Grand Âge",
    "the test IGC",
    "the operations listener",
)


#: Those of an nginx in front (`suite_nginx`), which may go on while the demo is started again.
_OF_NGINX = 2


class PortTaken(Exception):
    """The port is in use. The message names it, its purpose, and what to do."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Ten ports in a row, two of an nginx, and one more. `scheme`: that of the provider, on the first."""

    base: int
    scheme: str = "http"

    def __post_init__(self) -> None:
        most = 65535 - len(_ROLES) - _OF_NGINX
        if not 1024 <= self.base <= most:
            raise ValueError(f"--port-base: from 1024 to {most}")

    @property
    def issuer(self) -> str:
        return f"{self.scheme}://localhost:{self.base}"

    @property
    def card(self) -> int:
        return self.base + 1

    @property
    def card_host(self) -> str:
        return f"https://localhost:{self.card}"

    @property
    def psc_auth(self) -> int:
        return self.base + 2

    @property
    def psc_issuer(self) -> str:
        return f"http://localhost:{self.psc_auth}/auth/realms/esante-wallet"

    @property
    def psc_wallet(self) -> int:
        return self.base + 3

    @property
    def mail_web(self) -> int:
        return self.base + 4

    @property
    def mail_pages(self) -> str:
        return f"http://localhost:{self.mail_web}/"

    @property
    def mailbox(self) -> str:
        return f"{self.mail_pages}messages.json"

    @property
    def smtp(self) -> int:
        return self.base + 5

    def relying_party(self, rank: int) -> int:
        return self.base + 6 + rank

    @property
    def igc(self) -> int:
        return self.base + 8

    @property
    def igc_url(self) -> str:
        return f"http://localhost:{self.igc}/igc"

    @property
    def operations(self) -> int:
        return self.base + 9

    @property
    def operations_url(self) -> str:
        return f"http://127.0.0.1:{self.operations}"

    @property
    def mtls(self) -> int:
        """Returns the port where nginx asks relying parties for their TLS certificate."""
        return self.base + len(_ROLES)

    @property
    def mtls_origin(self) -> str:
        return f"https://localhost:{self.mtls}"

    @property
    def relay(self) -> int:
        """Returns the port by which that nginx reaches the provider's TLS."""
        return self.base + len(_ROLES) + 1

    @property
    def style_guide(self) -> int:
        return self.base + len(_ROLES) + _OF_NGINX

    @property
    def style_guide_pages(self) -> str:
        return f"http://localhost:{self.style_guide}/"

    def refuse_taken(self) -> None:
        """Raises PortTaken for the first port on which another program listens."""
        refuse_taken([*enumerate(_ROLES, self.base), (self.style_guide, "the style guide")])


def refuse_taken(ports: Iterable[tuple[int, str]]) -> None:
    """`ports`: each with its purpose. Raises PortTaken."""
    for port, role in ports:
        for address in loopback_addresses():
            if not _is_free(address, port):
                raise PortTaken(
                    f"port {port} ({role}) is taken on {address}: stop what listens there, "
                    "or choose other ports with --port-base"
                )


def _is_free(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # With SO_REUSEADDR, as the servers: old connections of a stopped demo do not count, a listener does.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
