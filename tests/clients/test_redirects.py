"""Addresses of native applications: which may be registered, and which of them a request may name (RFC 8252 §7)."""

from pathlib import Path

import pytest

from idp.clients.located_yaml import BadYaml
from idp.clients.redirects import Addresses
from idp.clients.registry import read_clients

_NATIVE = """\
clients:
  - client_id: on-a-device
    client_name: Sur un appareil
    client_uri: https://app.example/
    application_type: {kind}
    token_endpoint_auth_method: none
    redirect_uris: ["{uri}"]
"""


def read(tmp_path: Path, uri: str, kind: str = "native") -> tuple[str, ...]:
    file = tmp_path / "clients.yaml"
    file.write_text(_NATIVE.format(uri=uri, kind=kind))
    return read_clients(file)["on-a-device"].redirect_uris


@pytest.mark.parametrize(
    "uri",
    [
        "com.example.app:/callback",
        "com.example.app://callback",
        "com.example.app:/",
        "fr.exemple-sante.app2:/a?b=c",
        "http://127.0.0.1/callback",
        "http://[::1]/callback",
        "http://localhost:8000/callback",
        "https://app.example/callback",
    ],
)
def test_a_native_application_registers(tmp_path: Path, uri: str) -> None:
    assert read(tmp_path, uri) == (uri,)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("myapp:/callback", "https URI"),
        ("javascript:alert(1)", "https URI"),
        ("data:text/html,x", "https URI"),
        ("javascript.x:alert(1)", "https URI"),
        ("Com.Example.App:/callback", "https URI"),
        (".example.app:/callback", "https URI"),
        ("com..app:/callback", "https URI"),
        ("com.example.app:callback", "https URI"),
        ("com.example.app:/callback#x", "no fragment"),
        ("com.example.app:/*", "no wildcard"),
        ("com.example.app:/call back", "https URI"),
        ("com.example.app:/é", "https URI"),
        ("http://192.168.0.1/callback", "https URI"),
        ("http://127.0.0.2/callback", "https URI"),
    ],
)
def test_nor_does_it_register_any_other(tmp_path: Path, uri: str, expected: str) -> None:
    with pytest.raises(BadYaml, match=rf"clients\.yaml:7:21: .*{expected}"):
        read(tmp_path, uri)


@pytest.mark.parametrize("member", ["redirect_uris", "post_logout_redirect_uris"])
def test_a_private_use_scheme_is_for_native_applications(tmp_path: Path, member: str) -> None:
    file = tmp_path / "clients.yaml"
    good = _NATIVE.format(uri="https://app.example/callback", kind="web")
    file.write_text(good.replace("    redirect_uris", "    post_logout_redirect_uris: []\n    redirect_uris"))
    text = file.read_text()
    at = text.index(f"    {member}: [") + len(f"    {member}: [")
    file.write_text(text[:at] + '"com.example.app:/x"]\n' + text[text.index("\n", at) + 1 :])
    with pytest.raises(BadYaml, match=r"clients\.yaml:[0-9]+:[0-9]+: .*application_type: native"):
        read_clients(file)


def test_a_native_application_keeps_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "clients.yaml"
    text = _NATIVE.format(uri="com.example.app:/x", kind="native")
    file.write_text(
        text.replace(
            "method: none", f"method: client_secret_basic\n    client_secret: {{sha256: {'a' * 64}}}"
        )
    )
    with pytest.raises(BadYaml, match=r":5:23: expected `token_endpoint_auth_method: none`"):
        read_clients(file)


_REGISTERED = (
    "http://127.0.0.1/callback",
    "http://[::1]:7000/callback?x=1",
    "http://localhost:8000/callback",
    "https://127.0.0.1/callback",
    "com.example.app:/callback",
)


@pytest.mark.parametrize(
    "wished",
    [
        *_REGISTERED,
        "http://127.0.0.1:1/callback",
        "http://127.0.0.1:80/callback",
        "http://127.0.0.1:65535/callback",
        "http://[::1]/callback?x=1",
        "http://[::1]:51004/callback?x=1",
    ],
)
def test_the_port_on_loopback_is_free(wished: str) -> None:
    assert wished in Addresses(_REGISTERED, at_any_port=True)
    assert (wished in Addresses(_REGISTERED, at_any_port=False)) == (wished in _REGISTERED)


@pytest.mark.parametrize(
    "wished",
    [
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:65536/callback",
        "http://127.0.0.1:99999/callback",
        "http://127.0.0.1:080/callback",
        "http://127.0.0.1:/callback",
        "http://127.0.0.1:80@evil.example/callback",
        "http://127.0.0.1@evil.example/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://127.0.0.1:80.evil.example/callback",
        "http://127.0.0.1:51004/callback/",
        "http://127.0.0.1:51004/Callback",
        "http://127.0.0.1:51004/callback?x=1",
        "http://127.0.0.1:51004/callback#x",
        "http://127.0.0.1:51004/callback\n",
        "http://127.0.0.1:51004\n/callback",
        "http://127.0.0.1:51004/../callback",
        "http://127.0.0.1:٥/callback",
        "HTTP://127.0.0.1:51004/callback",
        "http://127.1:51004/callback",
        "http://2130706433:51004/callback",
        "http://[::1]:51004/callback",
        "http://[0:0:0:0:0:0:0:1]:51004/callback?x=1",
        "http://localhost:51004/callback",
        "https://127.0.0.1:51004/callback",
        "http://127.0.0.1:51004",
        "com.example.app:/callback/",
        "com.example.app://callback",
        "COM.example.app:/callback",
        "",
    ],
)
def test_nothing_else_is(wished: str) -> None:
    assert wished not in Addresses(_REGISTERED, at_any_port=True)
