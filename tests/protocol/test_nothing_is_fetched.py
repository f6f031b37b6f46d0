"""Addresses in requests, tokens and registrations that we never fetch: a machine listens there, and gets no call.

Which calls exist at all is read from the source in `tests/house/test_outbound_calls.py`.
"""

import json
from collections.abc import Callable, Iterator

import pytest
from werkzeug.test import Client, TestResponse

from tests.adapters.http.far_machine import FarMachine, far_machine, say
from tests.protocol.keyed import assertion, client_yaml, ec_key, form, jwks, register_keyed, with_clients
from tests.provider import ISSUER, RP, SECRETS, Provider, answer_of, authorization, basic

CLIENT = "listener"


@pytest.fixture
def machine() -> Iterator[FarMachine]:
    """Answers whatever would help: keys, and addresses of a sector."""
    with far_machine() as machine:
        machine.reply = say(json.dumps(jwks(ec_key())).encode())
        yield machine


@pytest.fixture
def house(app_factory: Callable[..., Provider], machine: FarMachine) -> Provider:
    """Loopback is open to calls, so that one that is made would arrive. Every address of a client leads there."""
    made = app_factory(outbound_networks=("127.0.0.0/8",))
    there = f"http://127.0.0.1:{machine.port}"
    with_clients(
        made.settings.where.clients_file,
        client_yaml(
            CLIENT,
            client_secret={"file": RP},
            client_uri=f"{there}/home",
            redirect_uris=[f"{there}/callback"],
            post_logout_redirect_uris=[f"{there}/bye"],
            frontchannel_logout_uri=f"{there}/front",
            sector_identifier="127.0.0.1",
            jwks=jwks(),
            request_object_signing_alg="ES256",
        ),
    )
    register_keyed(made.settings.where.clients_file)
    return made


def post(house: Provider, path: str, headers: dict[str, str], **fields: str) -> TestResponse:
    return Client(house.app, TestResponse).post(path, base_url=ISSUER, data=fields, headers=headers)


def test_a_request_uri_is_never_fetched(house: Provider, machine: FarMachine) -> None:
    there = f"http://127.0.0.1:{machine.port}/request.jwt"
    visitor = house.browser()
    asked = {"client_id": CLIENT, "redirect_uri": f"http://127.0.0.1:{machine.port}/callback"}
    for uri in (there, there.replace("http:", "https:"), f"{there}#urn:ietf:params:oauth:request_uri:x"):
        answer = answer_of(visitor.authorize(**asked, request_uri=uri))
        assert answer["error"] == "request_uri_not_supported"
        pushed = post(
            house,
            "/par",
            basic(CLIENT, SECRETS[RP]),
            **{**authorization(**asked), "request_uri": uri},
        )
        assert pushed.get_json()["error"] == "invalid_request"
    assert machine.seen == []


def test_no_address_of_a_client_is_fetched_while_people_sign_in_and_out(
    house: Provider, machine: FarMachine
) -> None:
    """redirect_uri, client_uri, post_logout_redirect_uri, the frame, and the sector (Core §8.1)."""
    there = f"http://127.0.0.1:{machine.port}"
    browser = house.browser()
    code = browser.sign_in(client_id=CLIENT, redirect_uri=f"{there}/callback")
    tokens = house.exchange(
        code, headers=basic(CLIENT, SECRETS[RP]), redirect_uri=f"{there}/callback"
    ).get_json()
    house.userinfo(tokens["access_token"])
    query = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": f"{there}/bye"}
    page = browser.get("/end_session", query_string=query)
    assert f"{there}/front" in page.text, "the browser is told of the frame"
    assert machine.seen == []


@pytest.mark.parametrize("name", ["jku", "x5u"])
def test_an_address_of_keys_in_a_header_is_never_fetched(
    house: Provider, machine: FarMachine, name: str
) -> None:
    header = {name: f"http://127.0.0.1:{machine.port}/keys"}
    signed = assertion("keyed", header=header)
    assert post(house, "/introspect", {}, **form(signed), token="x").status_code == 200
    forged = assertion("keyed", header={**header, "kid": "unknown"})
    assert post(house, "/introspect", {}, **form(forged), token="x").status_code == 401
    callback = f"http://127.0.0.1:{machine.port}/callback"
    asked = authorization(client_id=CLIENT, redirect_uri=callback, request=forged)
    assert answer_of(house.browser().authorize(**asked))["error"] == "invalid_request_object"
    hinted = authorization(client_id=CLIENT, redirect_uri=callback, id_token_hint=forged)
    assert answer_of(house.browser().authorize(**hinted))["error"] == "invalid_request"
    assert machine.seen == []


def test_the_machine_hears_what_is_fetched(house: Provider, machine: FarMachine) -> None:
    """Else the tests above would prove nothing."""
    with_clients(
        house.settings.where.clients_file,
        client_yaml(
            "fetched",
            token_endpoint_auth_method="private_key_jwt",
            jwks_uri=f"http://127.0.0.1:{machine.port}/keys",
        ),
    )
    assert post(house, "/introspect", {}, **form(assertion("fetched")), token="x").status_code == 200
    assert [path for _method, path, *_ in machine.seen] == ["/keys"]


def test_a_sector_is_a_name_and_no_address_to_fetch(house: Provider, machine: FarMachine) -> None:
    file = house.settings.where.clients_file
    good = file.read_text()
    for member, value in (
        ("sector_identifier", f"http://127.0.0.1:{machine.port}/sector"),
        ("sector_identifier_uri", f"http://127.0.0.1:{machine.port}/sector"),
        ("request_uris", [f"http://127.0.0.1:{machine.port}/request"]),
    ):
        file.write_text(good + client_yaml("sectored", client_secret={"file": RP}, **{member: value}))
        assert house.health() == "degraded", member
    assert machine.seen == []
