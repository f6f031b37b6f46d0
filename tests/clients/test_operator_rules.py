"""What clients demand of the settings: told at the client, at the start and at each change of the file."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from idp.clients.client_file import ClientFile
from idp.clients.located_yaml import BadYaml
from idp.clients.operator_rules import operator_rules
from idp.clients.registry import read_clients
from idp.settings import Settings
from tests.clients.test_registry import FAPI, GOOD, NO_SECRET
from tests.configured import settings_with
from tests.fakes import FixedClock
from tests.protocol.tls_certificates import self_signed

_TLS = {"mtls_origin": "https://mtls.example", "proxy_secret": "p" * 43}
_BY_NAME = (
    NO_SECRET + '    token_endpoint_auth_method: tls_client_auth\n    tls_client_auth_san_dns: "a.example"\n'
)
_OWN = NO_SECRET + (
    f"    token_endpoint_auth_method: self_signed_tls_client_auth\n    jwks: {{keys: [{self_signed().jwk}]}}\n"
)
_BOUND = GOOD + "    tls_client_certificate_bound_access_tokens: true\n"


def _settings(**changes: Any) -> Settings:
    return settings_with(
        issuer="https://id.example",
        card_host="https://card.example",
        application_key="k" * 43,
        password_pepper="p" * 43,
        **changes,
    )


@pytest.mark.parametrize(
    ("text", "wrong", "right", "expected"),
    [
        (FAPI, {"code_life": timedelta(seconds=61)}, {"code_life": timedelta(seconds=60)}, "CODE_LIFE"),
        (FAPI, {"clock_ahead": timedelta(seconds=9)}, {"clock_ahead": timedelta(seconds=10)}, "CLOCK_AHEAD"),
        (FAPI, {"clock_ahead": timedelta(seconds=61)}, {"clock_ahead": timedelta(seconds=60)}, "CLOCK_AHEAD"),
        (_OWN, {}, _TLS, "MTLS_ORIGIN"),
        (_BOUND, {}, _TLS, "MTLS_ORIGIN"),
        (_BY_NAME, {}, {**_TLS, "mtls_authority_files": (Path("a.pem"),)}, "MTLS_ORIGIN"),
        (_BY_NAME, _TLS, {**_TLS, "mtls_authority_files": (Path("a.pem"),)}, "MTLS_AUTHORITY_FILES"),
    ],
    ids=[
        "codes that live longer",
        "proofs too early refused",
        "proofs too early taken",
        "its own certificate",
        "bound tokens",
        "an authority's certificate",
        "no authority",
    ],
)
def test_a_client_that_the_settings_cannot_serve_is_a_fault(
    tmp_path: Path, text: str, wrong: dict[str, Any], right: dict[str, Any], expected: str
) -> None:
    file = tmp_path / "clients.yaml"
    file.write_text(text)
    with pytest.raises(BadYaml, match=rf"clients\.yaml:\d+:\d+: .*{expected}"):
        read_clients(file, operator_rules(_settings(**wrong)))
    assert read_clients(file, operator_rules(_settings(**right)))


def test_other_clients_may_live_with_longer_codes(tmp_path: Path) -> None:
    file = tmp_path / "clients.yaml"
    file.write_text(GOOD)
    assert read_clients(file, operator_rules(_settings(code_life=timedelta(minutes=5))))


def test_a_changed_file_that_the_settings_cannot_serve_keeps_the_old_state(tmp_path: Path) -> None:
    file = tmp_path / "clients.yaml"
    file.write_text(GOOD)
    clients = ClientFile(file, operator_rules(_settings(code_life=timedelta(seconds=61))), clock=FixedClock())
    file.write_text(FAPI)
    assert [client.profile for client in clients.registry().values()] == [None]
    assert "CADUCEE_CODE_LIFE" in str(clients.fault)
