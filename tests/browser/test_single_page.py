"""Real Chromium, and a single-page application that nobody serves but as files: code and PKCE by fetch."""

import threading
from collections.abc import Callable, Iterator

import pytest
from selenium.webdriver.support.wait import WebDriverWait
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tests.browser.conftest import Window, served
from tests.limits import within
from tests.protocol.keyed import client_yaml, with_clients
from tests.provider import PASSWORD, RPPS, Provider, app_factory, templates

__all__ = ["app_factory", "templates"]

#: `ISSUER` and `AS` are replaced: where we are, and as which client it asks.
_PAGE = """<!doctype html><title>Application</title><p id="told">…</p><script type="module">
const issuer = "ISSUER", client_id = "AS", redirect_uri = location.origin + location.pathname;
const base64url = (octets) => btoa(String.fromCharCode(...new Uint8Array(octets)))
  .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const tell = (words) => { document.getElementById("told").textContent = words; };
const asked = new URLSearchParams(location.search);
try {
  const provider = await (await fetch(issuer + "/.well-known/openid-configuration")).json();
  if (asked.has("code")) {
    const body = new URLSearchParams({grant_type: "authorization_code", code: asked.get("code"), redirect_uri,
      client_id, code_verifier: sessionStorage.getItem("verifier")});
    const tokens = await (await fetch(provider.token_endpoint, {method: "POST", body})).json();
    const headers = {Authorization: "Bearer " + tokens.access_token};
    const person = await (await fetch(provider.userinfo_endpoint, {headers})).json();
    const ended = await fetch(provider.revocation_endpoint, {method: "POST",
      body: new URLSearchParams({client_id, token: tokens.access_token})});
    const refused = await fetch(provider.userinfo_endpoint, {headers});
    tell(`${person.name}, ${ended.status}, ${refused.headers.get("WWW-Authenticate")}`);
  } else if (asked.has("begin")) {
    const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
    sessionStorage.setItem("verifier", verifier);
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
    location = provider.authorization_endpoint + "?" + new URLSearchParams({client_id, redirect_uri,
      response_type: "code", scope: "openid profile", code_challenge_method: "S256",
      code_challenge: base64url(digest)});
  } else {
    const body = new URLSearchParams({grant_type: "authorization_code", client_id, code: "x", redirect_uri});
    tell((await (await fetch(provider.token_endpoint, {method: "POST", body})).json()).error);
  }
} catch (error) { tell(error.name); }
</script>"""


@pytest.fixture
def house(app_factory: Callable[..., Provider]) -> Iterator[tuple[Provider, str]]:
    """The provider, and the address of the page."""

    def page(request: Request) -> Response:
        html = _PAGE.replace("ISSUER", provider.settings.where.issuer)
        return Response(html.replace("AS", request.args.get("as", "spa")), mimetype="text/html")

    with served(app_factory) as provider:
        files = make_server("127.0.0.1", 0, Request.application(page))
        address = f"http://127.0.0.1:{files.server_port}/"
        thread = threading.Thread(target=files.serve_forever)
        thread.start()
        members = {"token_endpoint_auth_method": "none", "scopes": ["openid", "profile"]}
        with_clients(
            provider.settings.where.clients_file,
            client_yaml("spa", redirect_uris=[address], **members),
            client_yaml("other", redirect_uris=["https://other.example/"], **members),
        )
        yield provider, address
        files.shutdown()
        thread.join()
        files.server_close()


def told(window: Window) -> str:
    WebDriverWait(window.driver, within(10)).until(lambda _driver: window.text != "…")
    return window.text


def test_a_page_signs_in_by_itself_and_reads_nothing_of_another_client(
    house: tuple[Provider, str], plain_window: Window
) -> None:
    provider, address = house
    window = plain_window
    window.open(f"{address}?begin")
    WebDriverWait(window.driver, within(10)).until(lambda _driver: "/interaction/" in window.url)
    window.fill("username", RPPS)
    window.fill("current-password", PASSWORD)
    window.press("Se connecter")
    window.fill("one-time-code", provider.last_code())
    window.press("Valider")
    assert told(window).startswith('Aïcha DUPONT-NŒL, 200, Bearer realm="userinfo", error="invalid_token"')
    window.open(address)
    assert told(window) == "invalid_grant"
    # The browser keeps the answer from it.
    window.open(f"{address}?as=other")
    assert told(window) == "TypeError"
