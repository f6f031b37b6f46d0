"""A relying party knows a person by its own `sub`; only those of one sector share it."""

from typing import Any

import jwt
import pytest
from werkzeug.test import Client, TestResponse

from tests.provider import ISSUER, SECRETS, VERIFIER, basic

_SECTORS = {"north-a": "north.example", "north-b": "north.example", "south": "south.example"}
_MORE_CLIENTS = "".join(
    f"""\
  - client_id: {client_id}
    client_name: {client_id}
    client_uri: https://{client_id}.example/
    client_secret: {{file: viatrajectoire}}
    redirect_uris: ["https://{client_id}.example/callback"]
    sector_identifier: {sector}
    scopes: [openid, profile]
    grant_types: [authorization_code, refresh_token]
"""
    for client_id, sector in _SECTORS.items()
)


@pytest.fixture
def house(app_factory: Any) -> Any:
    provider = app_factory()
    file = provider.settings.where.clients_file
    file.write_text(file.read_text() + _MORE_CLIENTS)
    return provider


def _post(house: Any, client_id: str, **form: str) -> dict[str, Any]:
    headers = basic(client_id, SECRETS["viatrajectoire"])
    answer = Client(house.app, TestResponse).post("/token", base_url=ISSUER, data=form, headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def _subjects(house: Any, client_id: str) -> set[str]:
    """Every `sub` this relying party is told: ID Token, userinfo, refreshed ID Token."""
    redirect = f"https://{client_id}.example/callback"
    code = house.browser().sign_in(client_id=client_id, redirect_uri=redirect, scope="openid profile")
    tokens = _post(
        house,
        client_id,
        grant_type="authorization_code",
        code=code,
        redirect_uri=redirect,
        code_verifier=VERIFIER,
    )
    refreshed = _post(house, client_id, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    told = [jwt.decode(t["id_token"], options={"verify_signature": False}) for t in (tokens, refreshed)]
    told += [house.userinfo(t["access_token"]).get_json() for t in (tokens, refreshed)]
    return {claims["sub"] for claims in told}


def test_each_sector_has_its_own_sub_and_every_token_of_a_client_agrees(house):
    north_a, north_b, south = (_subjects(house, client_id) for client_id in _SECTORS)
    assert len(north_a) == len(north_b) == len(south) == 1
    assert north_a == north_b
    assert north_a != south
    assert house.account.subject not in north_a | south


def test_a_client_without_sector_has_the_public_sub(house):
    tokens = house.exchange(house.browser().sign_in()).get_json()
    claims = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert claims["sub"] == house.account.subject
    assert house.userinfo(tokens["access_token"]).get_json()["sub"] == house.account.subject
