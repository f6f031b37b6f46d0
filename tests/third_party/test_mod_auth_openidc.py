"""mod_auth_openidc (Debian) as a relying party: an application protected by its web server alone."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from sandbox.demo.driver import Browser
from tests.conformance.visitor import Visitor
from tests.limits import within
from tests.servers import free_port
from tests.third_party.apache import apache
from tests.third_party.conftest import SCOPES, SECRET, TlsDemo


@dataclass(frozen=True)
class Application:
    base: str

    @property
    def inside(self) -> str:
        return f"{self.base}/protected/"

    def hook(self, **query: str) -> str:
        """The module's own address, for what it does besides answering the provider."""
        return f"{self.base}/protected/redirect_uri?{urlencode(query)}"


@pytest.fixture(params=["query", "form_post"])
def application(tls_demo: TlsDemo, request: pytest.FixtureRequest) -> Iterator[Application]:
    port, mode = free_port(), str(request.param)
    base, client_id = f"https://localhost:{port}", f"of-apache-{port}"
    tls_demo.add_client(
        client_id,
        redirect_uris=f'["{base}/protected/redirect_uri"]',
        post_logout_redirect_uris=f'["{base}/bye.html"]',
        backchannel_logout_uri=f'"{base}/protected/redirect_uri?logout=backchannel"',
    )
    settings = {
        "OIDCProviderMetadataURL": [f"{tls_demo.issuer}/.well-known/openid-configuration"],
        "OIDCClientID": [client_id],
        "OIDCClientSecret": [SECRET],
        "OIDCRedirectURI": [f"{base}/protected/redirect_uri"],
        "OIDCCryptoPassphrase": ["of the tests alone"],
        "OIDCScope": [SCOPES],
        "OIDCPKCEMethod": ["S256"],
        "OIDCResponseMode": [mode],
        "OIDCInfoHook": ["access_token", "refresh_token", "id_token", "userinfo", "session"],
    }
    with apache(port, tls_demo.demo.state / "igc" / "tls", settings):
        yield Application(base)


@pytest.fixture
def window(tls_demo: TlsDemo) -> Iterator[Browser]:
    with Browser(ca_bundle=tls_demo.ca_bundle) as opened:
        yield opened


def told(window: Browser, application: Application) -> dict[str, Any]:
    """What the module knows of the person."""
    page = window.get(application.hook(info="json"))
    assert page.status == 200
    return dict(json.loads(page.html))


def test_an_application_behind_apache_signs_in_refreshes_and_signs_out(
    tls_demo: TlsDemo, window: Browser, application: Application
) -> None:
    page = Visitor(window, tls_demo.person, application.base).visit(application.inside, {})
    assert (page.url, page.title) == (application.inside, "Inside")
    first = told(window, application)
    assert first["id_token"]["sub"] == first["userinfo"]["sub"]
    assert first["userinfo"]["rpps"] == tls_demo.person["login"]

    window.get(application.hook(refresh=f"{application.base}/bye.html", access_token=first["access_token"]))
    assert window.page.title == "Bye"
    assert "error_code" not in window.page.url
    assert told(window, application)["access_token"] != first["access_token"]

    left = Visitor(window, tls_demo.person, application.base).visit(
        application.hook(logout=f"{application.base}/bye.html"), {}
    )
    assert left.url.partition("?")[0] == f"{application.base}/bye.html"
    asked = window.get(application.inside)
    assert asked.url.startswith(tls_demo.issuer), (
        "neither the application nor the provider remembers the person"
    )


def test_signing_out_at_the_provider_signs_out_of_the_application_behind_apache(
    tls_demo: TlsDemo, window: Browser, application: Application
) -> None:
    """Back-Channel Logout: nobody's browser tells the application."""
    visitor = Visitor(window, tls_demo.person, application.base)
    visitor.visit(application.inside, {})
    assert window.get(application.hook(info="json")).status == 200
    window.get(f"{tls_demo.issuer}/end_session")
    visitor.press("request")
    deadline = time.monotonic() + within(60)
    while window.get(application.hook(info="json")).status == 200:
        assert time.monotonic() < deadline, tls_demo.demo.command("logouts", "list").stdout
        time.sleep(0.2)
    assert window.get(application.inside).url.startswith(tls_demo.issuer)
