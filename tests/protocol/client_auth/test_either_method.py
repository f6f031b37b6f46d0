"""A client with a secret and no named method: by Basic or in the form, encoded or as it is, one way in each request."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote_plus

import pytest
from werkzeug.test import Client, TestResponse

from tests.protocol.keyed import assertion, client_yaml, form, jwks, with_clients
from tests.provider import ISSUER, REDIRECT, RP, SECRETS, VERIFIER, Provider, basic

PUBLIC, PUBLIC_CALLBACK = "public", "http://127.0.0.1:9999/callback"


@pytest.fixture(scope="module")
def house(app_factory: Callable[..., Provider]) -> Provider:
    provider = app_factory()
    with_clients(
        provider.settings.where.clients_file,
        client_yaml("keyed", token_endpoint_auth_method="private_key_jwt", jwks=jwks()),
        client_yaml("header", token_endpoint_auth_method="client_secret_basic", client_secret={"file": RP}),
    )
    return provider


def post(
    house: Provider, path: str, data: dict[str, str], headers: dict[str, str] | None = None
) -> TestResponse:
    return Client(house.app, TestResponse).post(path, base_url=ISSUER, data=data, headers=headers)


def is_let_in(house: Provider, headers: dict[str, str] | None = None, **data: str) -> bool:
    """By the cheapest request of a proved client."""
    answer = post(house, "/revoke", {"token": "x", **data}, headers)
    if answer.status_code == 200:
        return True
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_client")
    # RFC 6749 §5.2: who tried Basic hears that it is Basic.
    assert ("WWW-Authenticate" in answer.headers) == (headers is not None)
    return False


def as_it_is(client_id: str, secret: str) -> dict[str, str]:
    """Basic of a library that leaves the encoding out."""
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def test_without_a_named_method_the_secret_comes_by_basic_or_in_the_form(house: Provider) -> None:
    assert is_let_in(house, basic(RP, SECRETS[RP]))
    assert is_let_in(house, client_id=RP, client_secret=SECRETS[RP])
    assert not is_let_in(house, client_id=RP, client_secret=SECRETS["poster"])
    assert not is_let_in(house, client_id=RP)
    assert not is_let_in(house, basic(RP, ""))
    both = post(house, "/revoke", {"token": "x", "client_secret": SECRETS[RP]}, basic(RP, SECRETS[RP]))
    assert (both.status_code, both.get_json()["error"]) == (400, "invalid_request")


def test_a_named_method_holds_the_client_to_it(house: Provider) -> None:
    assert is_let_in(house, client_id="poster", client_secret=SECRETS["poster"])
    assert not is_let_in(house, basic("poster", SECRETS["poster"]))
    assert is_let_in(house, basic("header", SECRETS[RP]))
    assert not is_let_in(house, client_id="header", client_secret=SECRETS[RP])
    assert not is_let_in(house, basic("keyed", SECRETS[RP]))


def test_basic_is_read_form_encoded_and_as_it_is(house: Provider) -> None:
    """RFC 6749 §2.3.1 has it encoded; what was meant shows with `+` and `%` alone, of which this secret has both."""
    secret = SECRETS["grand-age"]
    assert {"+", "%"} <= {*secret}
    assert is_let_in(house, basic("grand-age", secret))
    assert is_let_in(house, as_it_is("grand-age", secret))
    for other in (
        quote_plus(quote_plus(secret)),
        secret.replace("+", " "),
        secret.replace("%41", "A"),
        secret.upper(),
    ):
        assert not is_let_in(house, as_it_is("grand-age", other)), other
    # In the form there is one reading.
    assert is_let_in(house, client_id="grand-age", client_secret=secret)
    assert not is_let_in(house, client_id="grand-age", client_secret=quote_plus(secret))


def test_the_empty_secret_of_a_public_client_passes_by_basic_as_in_the_form(house: Provider) -> None:
    assert is_let_in(house, client_id=PUBLIC)
    assert is_let_in(house, client_id=PUBLIC, client_secret="")
    assert is_let_in(house, as_it_is(PUBLIC, ""))
    assert is_let_in(house, as_it_is(PUBLIC, ""), client_id=PUBLIC)
    assert not is_let_in(house, as_it_is(PUBLIC, ""), client_id=RP)
    for secret in (" ", "x", "%00", "%20"):
        assert not is_let_in(house, as_it_is(PUBLIC, secret)), secret


def test_an_empty_secret_by_basic_proves_no_client_that_has_something_to_prove(house: Provider) -> None:
    for client_id in (RP, "poster", "keyed", "header", "nobody"):
        assert not is_let_in(house, as_it_is(client_id, "")), client_id
    signed = form(assertion("keyed"), token="x")
    both = post(house, "/revoke", signed, as_it_is("keyed", ""))
    assert (both.status_code, both.get_json()["error"]) == (400, "invalid_request")
    assert post(house, "/introspect", {"token": "x"}, as_it_is(PUBLIC, "")).status_code == 401


# Go.


@dataclass
class GoLibrary:
    """`golang.org/x/oauth2` as it comes, `AuthStyleAutoDetect`: Basic with both halves encoded and, whatever is wrong
    with the answer, once more in the form. Its user sees the second answer."""

    house: Provider
    client_id: str
    secret: str
    redirect_uri: str
    #: How each request was sent.
    sent: list[str] = field(default_factory=list)

    def exchange(self, code: str, **more: str) -> TestResponse:
        wanted = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": VERIFIER,
        }
        return self._retrieve({**wanted, **more})

    def _retrieve(self, data: dict[str, str]) -> TestResponse:
        self.sent.append("header")
        halves = quote_plus(self.client_id), quote_plus(self.secret)
        answer = post(self.house, "/token", data, as_it_is(*halves))
        if answer.status_code == 200:
            return answer
        self.sent.append("params")
        secret = {"client_secret": self.secret} if self.secret else {}
        return post(self.house, "/token", {**data, "client_id": self.client_id, **secret})


def test_a_go_client_is_served_at_once_and_reads_what_is_wrong(house: Provider) -> None:
    for client_id, secret, uri in (
        (RP, SECRETS[RP], REDIRECT),
        ("grand-age", SECRETS["grand-age"], "https://grand-age.example/callback"),
        (PUBLIC, "", PUBLIC_CALLBACK),
    ):
        go = GoLibrary(house, client_id, secret, uri)
        code = house.browser().sign_in(client_id=client_id, redirect_uri=uri)
        assert go.exchange(code).status_code == 200
        assert go.sent == ["header"]
        # Of a fault it sees the second answer: the same code, and not that of a client that is not known.
        for refused, error in (
            (go.exchange("x"), "invalid_grant"),
            (
                go.exchange(
                    house.browser().sign_in(client_id=client_id, redirect_uri=uri), code_verifier="w" * 43
                ),
                "invalid_grant",
            ),
            (go.exchange("x", redirect_uri=""), "invalid_request"),
            (go.exchange("x", grant_type="password"), "unsupported_grant_type"),
        ):
            assert (refused.status_code, refused.get_json()["error"]) == (400, error)
        assert go.sent[1:] == ["header", "params"] * 4
