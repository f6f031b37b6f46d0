"""What came between two statements of one request: another use of the token, the end of the account."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from idp.core.audit import AuditEvent
from tests.protocol.assembled import Nobody, OvertakenTokens, endpoint_of, serving
from tests.protocol.tokens.test_refresh import PUBLIC, REFRESHER, _post, _refresh, _tokens, house
from tests.provider import Provider, audited

__all__ = ["house"]  # The fixture of the tests of refresh tokens, with their clients.


def overtaken_by(house: Provider, meanwhile: Callable[[], object]) -> Provider:
    """The provider whose refresh tokens are used by another each time that one was read."""
    endpoint = endpoint_of(house, "/token")
    overtaken = OvertakenTokens(endpoint.refresh.tokens, meanwhile)
    refresh = dataclasses.replace(endpoint.refresh, tokens=overtaken)
    return serving(house, "/token", dataclasses.replace(endpoint, refresh=refresh))


def test_of_two_uses_at_once_the_second_ends_what_the_first_got(house: Provider) -> None:
    """RFC 9700 §4.14.2: one of the two may be a thief's, and we cannot tell which. For a client without a grace."""
    house.register(PUBLIC, refresh_grace="0")
    token = _tokens(house, PUBLIC)["refresh_token"]
    won: list[dict[str, Any]] = []
    slow = overtaken_by(house, lambda: won.append(_refresh(house, token, PUBLIC).get_json()))
    refused = _refresh(slow, token, PUBLIC)
    assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_grant")
    assert house.userinfo(won[0]["access_token"]).status_code == 401
    assert _refresh(house, won[0]["refresh_token"], PUBLIC).get_json()["error"] == "invalid_grant"
    assert audited(house).count(str(AuditEvent.REFRESH_REUSED)) == 1


def test_of_two_uses_at_once_within_the_grace_one_successor_lives(house: Provider) -> None:
    token = _tokens(house, PUBLIC)["refresh_token"]
    first: list[dict[str, Any]] = []

    def once() -> None:
        if not first:
            first.append(_refresh(house, token, PUBLIC).get_json())

    last = _refresh(overtaken_by(house, once), token, PUBLIC).get_json()
    assert _refresh(house, last["refresh_token"], PUBLIC).status_code == 200
    assert _refresh(house, first[0]["refresh_token"], PUBLIC).get_json()["error"] == "invalid_grant"
    assert audited(house).count(str(AuditEvent.REFRESH_REUSED)) == 1


def test_a_token_overtaken_again_and_again_ends_its_family(house: Provider) -> None:
    token = _tokens(house, PUBLIC)["refresh_token"]
    others: list[TestResponse] = []
    refused = _refresh(
        overtaken_by(house, lambda: others.append(_refresh(house, token, PUBLIC))), token, PUBLIC
    )
    assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_grant")
    assert {answer.status_code for answer in others} == {200}
    last = others[-1].get_json()["refresh_token"]
    assert _refresh(house, last, PUBLIC).get_json()["error"] == "invalid_grant"


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_a_token_whose_account_is_gone_is_inactive(house: Provider, name: str) -> None:
    token = _tokens(house)[name]
    assert _post(house, "/introspect", REFRESHER, token=token).get_json()["active"] is True
    endpoint = endpoint_of(house, "/introspect")
    gate = dataclasses.replace(endpoint.own.gate, standings=Nobody())
    own = dataclasses.replace(endpoint.own, gate=gate)
    left = serving(house, "/introspect", dataclasses.replace(endpoint, own=own))
    assert _post(left, "/introspect", REFRESHER, token=token).get_json() == {"active": False}
