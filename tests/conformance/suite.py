"""What the ready file says to a suite: addresses, clients, the person. Nothing is judged here."""

from dataclasses import dataclass
from typing import Any

import requests

from tests.demonstration import Demonstration
from tests.limits import within

TIMEOUT_SECONDS = within(20)


@dataclass(frozen=True)
class Suite:
    """The demo with its certification profile, and the way to speak to it over TLS."""

    demo: Demonstration

    @property
    def told(self) -> dict[str, Any]:
        return dict(self.demo.ready["conformance"])

    @property
    def address(self) -> str:
        return str(self.told["suite"])

    @property
    def person(self) -> dict[str, str]:
        return dict(self.told["person"])

    def client(self, role: str) -> dict[str, Any]:
        return dict(self.told["clients"][role])

    def call(self, method: str, url: str, **options: Any) -> requests.Response:
        """A server-to-server call: no cookie, no redirect, the demo's own authority and no other."""
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                method,
                url,
                verify=self.demo.ready["ca_bundle"],
                allow_redirects=False,
                timeout=TIMEOUT_SECONDS,
                **options,
            )

    def metadata(self) -> dict[str, Any]:
        answer = self.call("GET", self.told["discovery"])
        assert answer.status_code == 200
        return dict(answer.json())
