"""The origins of a public client: as browsers write them, or a fault at the place."""

from pathlib import Path

import pytest

from idp.clients.located_yaml import BadYaml
from idp.clients.origins import origin_of
from idp.clients.registry import read_clients

_PUBLIC = """\
clients:
  - client_id: in-a-browser
    client_name: Dans un navigateur
    client_uri: https://app.example/
    token_endpoint_auth_method: none
    redirect_uris: ["https://app.example/callback"]
    allowed_origins: ["{origin}"]
"""


@pytest.mark.parametrize(
    ("uri", "origin"),
    [
        ("https://app.example/callback?x=1", "https://app.example"),
        ("https://APP.example:443", "https://app.example"),
        ("https://app.example:8443/", "https://app.example:8443"),
        ("http://localhost:80/", "http://localhost"),
        ("http://127.0.0.1:3000/a/b", "http://127.0.0.1:3000"),
        ("http://[::1]:3000/", "http://[::1]:3000"),
    ],
)
def test_an_origin_is_scheme_host_and_port(uri: str, origin: str) -> None:
    assert origin_of(uri) == origin


@pytest.mark.parametrize("origin", ["https://app.example", "https://a.example:8443", "http://localhost:3000"])
def test_an_origin_may_be_registered(tmp_path: Path, origin: str) -> None:
    file = tmp_path / "clients.yaml"
    file.write_text(_PUBLIC.format(origin=origin))
    assert read_clients(file)["in-a-browser"].origins == {origin}


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("https://app.example/", "as browsers write it: https://app.example$"),
        ("https://app.example/page", "as browsers write it: https://app.example$"),
        ("https://App.Example", "as browsers write it: https://app.example$"),
        ("https://app.example:443", "as browsers write it: https://app.example$"),
        ("https://*.example", "no wildcard"),
        ("*", "an https URI"),
        ("null", "an https URI"),
        ("http://app.example", "an https URI"),
        ("file:///", "an https URI"),
        ("com.example.app:/", "an https URI"),
    ],
)
def test_anything_else_is_a_fault_at_its_place(tmp_path: Path, origin: str, expected: str) -> None:
    file = tmp_path / "clients.yaml"
    file.write_text(_PUBLIC.format(origin=origin))
    with pytest.raises(BadYaml, match=rf"clients\.yaml:7:23: .*{expected}"):
        read_clients(file)


def test_a_client_with_a_secret_has_no_page_that_calls(tmp_path: Path) -> None:
    file = tmp_path / "clients.yaml"
    text = _PUBLIC.format(origin="https://app.example")
    secret = f"token_endpoint_auth_method: client_secret_basic\n    client_secret: {{sha256: {'a' * 64}}}"
    file.write_text(text.replace("token_endpoint_auth_method: none", secret))
    with pytest.raises(BadYaml, match=r":8:22: expected `token_endpoint_auth_method: none`"):
        read_clients(file)
