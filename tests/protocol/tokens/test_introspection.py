"""/introspect for an API that is not the client itself: the tokens of the clients that its registration names."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from idp.clients.located_yaml import BadYaml
from idp.clients.registry import read_clients
from tests.protocol.policed import POLICED, PolicedParty
from tests.provider import ISSUER, RP, SECRETS, Provider, basic

API, NOTHING = "api-of-results", {"active": False}


def api(**members: Any) -> str:
    entry = {
        "client_id": API,
        "client_name": "Résultats",
        "client_uri": "https://api.example/",
        "client_secret": {"file": RP},
        "redirect_uris": [],
        **members,
    }
    return f"  - {json.dumps(entry)}\n"


class Api:
    def __init__(self, house: Provider) -> None:
        self.house, self.file = house, house.settings.where.clients_file
        self.party = PolicedParty(house)

    def govern(self, members: dict[str, Any], **of_client: Any) -> None:
        """From now on: the API, and the client that calls it."""
        self.party.govern(**of_client)
        self.file.write_text(self.file.read_text() + api(**members))

    def told(self, token: str) -> dict[str, Any]:
        answer = Client(self.house.app, TestResponse).post(
            "/introspect", base_url=ISSUER, data={"token": token}, headers=basic(API, SECRETS[RP])
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())


@pytest.fixture(scope="module")
def house(app_factory: Callable[..., Provider]) -> Provider:
    return app_factory()


@pytest.fixture
def called(house: Provider) -> Iterator[Api]:
    before = house.settings.where.clients_file.read_text()
    yield Api(house)
    house.settings.where.clients_file.write_text(before)


def test_an_api_is_shown_the_tokens_of_the_clients_that_it_names(called: Api, house: Provider) -> None:
    called.govern({"introspects": [POLICED]})
    token = called.party.tokens()["access_token"]
    told = called.told(token)
    assert told.pop("exp") - told.pop("iat") == 300
    assert told == {
        "active": True,
        "iss": ISSUER,
        "client_id": POLICED,
        "aud": API,
        "sub": house.account.subject,
        "scope": "openid profile email",
        "token_type": "Bearer",
    }


def test_a_client_is_shown_its_own_with_the_session(called: Api) -> None:
    called.govern({"introspects": [POLICED]})
    told = called.party.introspect(called.party.tokens()["access_token"])
    assert (told["active"], told["aud"], bool(told["sid"])) == (True, POLICED, True)


def test_one_that_names_nobody_hears_nothing(called: Api) -> None:
    called.govern({"redirect_uris": ["https://api.example/cb"]})
    assert called.told(called.party.tokens()["access_token"]) == NOTHING
    called.govern({"introspects": [RP]})
    assert called.told(called.party.tokens()["access_token"]) == NOTHING


def test_refresh_tokens_and_ended_ones_are_shown_to_no_api(called: Api) -> None:
    called.govern({"introspects": [POLICED]})
    tokens = called.party.tokens()
    assert called.told(tokens["refresh_token"]) == NOTHING
    assert called.told(tokens["access_token"])["active"]
    called.party.post("/revoke", token=tokens["refresh_token"])
    assert called.told(tokens["access_token"]) == NOTHING
    assert called.told("x") == NOTHING


def test_no_api_ends_a_token_that_it_is_shown(called: Api, house: Provider) -> None:
    called.govern({"introspects": [POLICED]})
    token = called.party.tokens()["access_token"]
    answer = Client(house.app, TestResponse).post(
        "/revoke", base_url=ISSUER, data={"token": token}, headers=basic(API, SECRETS[RP])
    )
    assert answer.status_code == 200
    assert called.told(token)["active"]


def test_it_goes_by_what_the_client_of_the_token_demands_now(called: Api) -> None:
    called.govern({"introspects": [POLICED]})
    token = called.party.tokens()["access_token"]
    called.govern({"introspects": [POLICED]}, minimum_acr="cps")
    assert called.told(token) == NOTHING
    # What the API demands for itself is of those who sign in to it.
    called.govern({"introspects": [POLICED], "minimum_acr": "cps"})
    assert called.told(token)["active"]


def test_an_api_of_another_sector_knows_the_person_by_its_own_sub(called: Api, house: Provider) -> None:
    sectors = {"introspects": [POLICED], "sector_identifier": "api.example"}
    called.govern(sectors, sector_identifier="policed.example")
    token = called.party.tokens()["access_token"]
    own = called.party.introspect(token)["sub"]
    assert len({called.told(token)["sub"], own, house.account.subject}) == 3
    called.govern({**sectors, "sector_identifier": "policed.example"}, sector_identifier="policed.example")
    assert called.told(token)["sub"] == own


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"introspects": [RP, "nobody-here"]}, "expected the client_id of a client that is registered"),
        ({"introspects": ["a b"]}, "expected 3 to 80 letters"),
        ({"introspects": RP}, "expected a list"),
        ({"introspects": []}, "expected at least one URI; none is for an API that only `introspects`"),
        (
            {"introspects": [RP], "token_endpoint_auth_method": "none", "client_secret": ...},
            "expected another `token_endpoint_auth_method` than none",
        ),
    ],
)
def test_a_fault_is_told_at_its_place(
    house: Provider, tmp_path: Path, members: dict[str, Any], fault: str
) -> None:
    text = house.settings.where.clients_file.read_text().replace("{file: ", f"{{file: {tmp_path}/")
    for name, secret in SECRETS.items():
        (tmp_path / name).write_text(secret)
    entry = json.loads(api(client_secret={"file": str(tmp_path / RP)}).removeprefix("  - "))
    given = {name: value for name, value in {**entry, **members}.items() if value is not ...}
    file = tmp_path / "clients.yaml"
    file.write_text(f"{text}  - {json.dumps(given)}\n")
    with pytest.raises(BadYaml, match=rf"clients\.yaml:[0-9]+:[0-9]+: {fault}"):
        read_clients(file)
