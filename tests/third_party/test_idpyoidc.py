"""idpyoidc (PyPI) as a relying party: code flow with PKCE, userinfo, refresh, logout, by its own RPHandler."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from cryptojwt import KeyJar
from idpyoidc.client.defaults import DEFAULT_OIDC_SERVICES
from idpyoidc.client.exception import OidcServiceError
from idpyoidc.client.rp_handler import RPHandler

from sandbox.demo.driver import Browser
from tests.third_party.conftest import AFTER_LOGOUT, CALLBACK, SCOPES, SECRET, TlsDemo

CLIENT = "of-idpyoidc"
_LOGOUT = {"end_session": {"class": "idpyoidc.client.oidc.end_session.EndSession"}}
_PKCE = {
    "function": "idpyoidc.client.oauth2.add_on.pkce.add_support",
    "kwargs": {"code_challenge_length": 64, "code_challenge_method": "S256"},
}


@pytest.fixture
def handler(tls_demo: TlsDemo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RPHandler:
    monkeypatch.chdir(tmp_path)  # it writes keys of its own where it is
    tls_demo.add_client(CLIENT)
    configuration = {
        "issuer": tls_demo.issuer,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "client_type": "oidc",
        "client_authn_methods": ["client_secret_basic", "bearer_header"],
        "redirect_uris": [CALLBACK],
        "post_logout_redirect_uris": [AFTER_LOGOUT],
        "response_types_supported": ["code"],
        "scopes_supported": SCOPES.split(),
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "add_ons": {"pkce": _PKCE},
    }

    def http(method: str, url: str, **options: Any) -> requests.Response:
        # Its key jar asks without checking any certificate unless told otherwise.
        options["verify"] = tls_demo.ca_bundle
        timeout = options.pop("timeout", 20)
        return requests.request(method, url, timeout=timeout, **options)

    return RPHandler(
        "https://rp.example",
        client_configs={"caducee": configuration},
        services={**DEFAULT_OIDC_SERVICES, **_LOGOUT},
        keyjar=KeyJar(httpc=http),
        httpc=http,
    )


def test_code_flow_userinfo_refresh_and_logout(
    tls_demo: TlsDemo, browser: Browser, handler: RPHandler
) -> None:
    answer = tls_demo.visit(browser, handler.begin("caducee"))
    done = handler.finalize(tls_demo.issuer, dict(parse_qsl(urlsplit(answer).query)))
    assert "error" not in done
    state, claims = done["state"], done["id_token"]
    assert (claims["iss"], claims["aud"]) == (tls_demo.issuer, [CLIENT])
    assert done["userinfo"]["sub"] == claims["sub"]
    assert done["userinfo"]["rpps"] == tls_demo.person["login"]

    first = handler.get_valid_access_token(state)[0]
    renewed = handler.refresh_access_token(state)
    assert renewed["access_token"] != first
    userinfo = handler.get_user_info(state, access_token=renewed["access_token"])
    assert userinfo["sub"] == claims["sub"]

    logout = handler.logout(state, post_logout_redirect_uri=AFTER_LOGOUT)
    left = tls_demo.visit(browser, logout["url"])
    assert left.partition("?")[0] == AFTER_LOGOUT
    with pytest.raises(OidcServiceError, match="invalid_grant"):
        handler.refresh_access_token(state)
