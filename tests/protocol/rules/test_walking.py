"""A walk along the rules says of a request that was not sent what the endpoint would say of it."""

import pytest
from werkzeug.datastructures import MultiDict

from idp.protocol.rules.rule_book import RULES
from idp.protocol.rules.walking import Walk, walk_authorization, walk_token
from tests.provider import REDIRECT, RP, Provider, answer_of, authorization, basic

LIMIT = 8192
CODE = [("grant_type", "authorization_code"), ("code", "x"), ("redirect_uri", REDIRECT)]
REFRESH = [("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", "public")]


def walked(provider: Provider, sent: list[tuple[str, str]]) -> Walk:
    assert provider.parts is not None
    return walk_authorization(MultiDict(sent), provider.parts.clients.get, LIMIT)


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({}, []),
        ({"client_id": None}, ["client_id_missing"]),
        ({"client_id": "nobody"}, ["client_unknown"]),
        ({"redirect_uri": None}, ["redirect_uri_missing"]),
        ({"redirect_uri": f"{REDIRECT}/"}, ["redirect_uri_unregistered"]),
        ({"nonce": "n" * 9000}, ["parameter_too_long"]),
        (
            {"scope": "", "prompt": "x", "display": "x"},
            ["scope_openid_missing", "prompt_unknown", "display_unknown"],
        ),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x", "redirect_uri": None}, []),
    ],
)
def test_a_walk_tells_every_rule_that_refuses(
    provider: Provider, changes: dict[str, str | None], rules: list[str]
) -> None:
    walk = walked(provider, list(authorization(**changes).items()))
    assert [rule.id for rule in walk.refusing] == rules
    assert not set(walk.refusing) & set(walk.kept)
    if len(rules) > 1:
        answer = answer_of(provider.browser().authorize(**changes))
        assert answer["error"] == RULES[rules[0]].error


def test_what_is_given_twice_is_told(provider: Provider) -> None:
    for name in ("client_id", "redirect_uri", "scope"):
        sent = [*authorization().items(), (name, authorization()[name])]
        (rule,) = walked(provider, sent).refusing
        assert rule.id == (f"{name}_repeated" if name != "scope" else "parameter_repeated")


@pytest.mark.parametrize(
    ("headers", "form", "rule"),
    [
        (basic(RP, "x"), CODE, None),
        ({}, REFRESH, "grant_type_not_registered"),
        ({}, [*REFRESH, ("client_secret", "x")], "client_auth_method"),
        ({}, CODE, "client_auth_missing"),
        ({"Authorization": "Basic /w=="}, CODE, "client_auth_missing"),
        ({"Authorization": "Basic !"}, CODE, "client_auth_missing"),
        ({"Authorization": "Bearer x"}, CODE, "client_auth_missing"),
        (basic("nobody", "x"), CODE, "client_auth_unknown_client"),
        (basic(RP, "x"), [*CODE, ("client_secret", "x")], "client_auth_two_methods"),
        (basic(RP, "x"), CODE[:1], "code_missing"),
        (basic(RP, "x"), [("x", "y")], "grant_type_missing"),
        (basic(RP, "x"), [("grant_type", "password")], "grant_type_unsupported"),
    ],
)
def test_of_a_token_request_its_form_and_its_method_are_told(
    provider: Provider, headers: dict[str, str], form: list[tuple[str, str]], rule: str | None
) -> None:
    assert provider.parts is not None
    told = {name.lower(): value for name, value in headers.items()}
    walk = walk_token(MultiDict(form), told, provider.parts.clients.get, LIMIT)
    assert next((one.id for one in walk.refusing), None) == rule
