"""What came between two statements of one request: another use of the token, the end of the account."""

import dataclasses

import pytest

from idp.core.audit import AuditEvent
from tests.protocol.assembled import Nobody, OvertakenTokens, endpoint_of, serving
from tests.protocol.tokens.test_refresh import PUBLIC, REFRESHER, _post, _refresh, _tokens, house
from tests.provider import Provider, audited

__all__ = ["house"]  # The fixture of the tests of refresh tokens, with their clients.


def test_of_two_uses_at_once_the_second_ends_what_the_first_got(house: Provider) -> None:
    """RFC 9700 §4.14.2: one of the two may be a thief's, and we cannot tell which."""
    token = _tokens(house, PUBLIC)["refresh_token"]
    won = []
    endpoint = endpoint_of(house, "/token")
    overtaken = OvertakenTokens(
        endpoint.refresh.tokens, lambda: won.append(_refresh(house, token, PUBLIC).get_json())
    )
    refresh = dataclasses.replace(endpoint.refresh, tokens=overtaken)
    slow = serving(house, "/token", dataclasses.replace(endpoint, refresh=refresh))
    refused = _refresh(slow, token, PUBLIC)
    assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_grant")
    assert house.userinfo(won[0]["access_token"]).status_code == 401
    assert _refresh(house, won[0]["refresh_token"], PUBLIC).get_json()["error"] == "invalid_grant"
    assert audited(house).count(str(AuditEvent.REFRESH_REUSED)) == 1


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_a_token_whose_account_is_gone_is_inactive(house: Provider, name: str) -> None:
    token = _tokens(house)[name]
    assert _post(house, "/introspect", REFRESHER, token=token).get_json()["active"] is True
    endpoint = endpoint_of(house, "/introspect")
    gate = dataclasses.replace(endpoint.own.gate, standings=Nobody())
    own = dataclasses.replace(endpoint.own, gate=gate)
    left = serving(house, "/introspect", dataclasses.replace(endpoint, own=own))
    assert _post(left, "/introspect", REFRESHER, token=token).get_json() == {"active": False}
