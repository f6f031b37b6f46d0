"""The demo over TLS, with the clients that relying parties of others use here.

Contains what an operator would write in clients.yaml for them, and a person who signs in.
Not here: the protocol, which each library speaks by itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sandbox.demo.driver import Browser
from tests.conformance.visitor import Visitor
from tests.demonstration import Demonstration, running_demo

SECRET = "secret-of-the-clients-of-others-0123456789"
CALLBACK = "https://rp.example/callback"
AFTER_LOGOUT = "https://rp.example/signed-out"
SCOPES = "openid profile email professional"


@dataclass(frozen=True)
class TlsDemo:
    """The provider as an operator of relying parties meets it."""

    demo: Demonstration

    @property
    def issuer(self) -> str:
        return self.demo.issuer

    @property
    def ca_bundle(self) -> str:
        return str(self.demo.ready["ca_bundle"])

    @property
    def person(self) -> dict[str, str]:
        return dict(self.demo.ready["conformance"]["person"])

    def add_client(self, client_id: str, **members: str) -> None:
        """Members as YAML texts, over those every client here has. Taken up by the running provider."""
        (self.demo.state / "secrets" / "of-others").write_text(SECRET)
        all_members = {
            "client_name": client_id,
            "client_uri": "https://rp.example/",
            "redirect_uris": f'["{CALLBACK}"]',
            "post_logout_redirect_uris": f'["{AFTER_LOGOUT}"]',
            "scopes": f"[{', '.join(SCOPES.split())}]",
            "grant_types": "[authorization_code, refresh_token]",
            **members,
        }
        if all_members.get("token_endpoint_auth_method", "client_secret_basic").startswith("client_secret"):
            all_members["client_secret"] = "{file: secrets/of-others}"
        entry = f"  - client_id: {client_id}\n"
        entry += "".join(f"    {name}: {value}\n" for name, value in all_members.items())
        path = self.demo.state / "clients.yaml"
        path.write_text(path.read_text() + entry)

    def browser(self, stop_at: str = CALLBACK) -> Browser:
        return Browser(ca_bundle=self.ca_bundle, stop_at=(stop_at, AFTER_LOGOUT))

    def visit(self, browser: Browser, url: str) -> str:
        """To this address, through whatever is asked of the person; the address where it ends."""
        return Visitor(browser, self.person, self.issuer).visit(url, {}).url


@pytest.fixture(scope="session")
def tls_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsDemo]:
    with running_demo(tmp_path_factory.mktemp("third_party"), "--profile", "conformance") as running:
        yield TlsDemo(running)


@pytest.fixture
def browser(tls_demo: TlsDemo) -> Iterator[Browser]:
    with tls_demo.browser() as window:
        yield window
