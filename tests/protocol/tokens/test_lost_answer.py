"""A refresh answer lost on the way: for seconds the same token is answered again, and one successor alone lives."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from idp.accounts.refresh import grant_of
from idp.adapters.sql.refresh_tokens import SqlRefreshTokens
from idp.core.audit import AuditEvent
from tests.protocol.tokens.test_refresh import _MORE_CLIENTS, PUBLIC, _post, _refresh, _tokens
from tests.provider import Provider, audited


@pytest.fixture(scope="module")
def house(app_factory: Callable[[], Provider]) -> Provider:
    made = app_factory()
    file = made.settings.where.clients_file
    file.write_text(file.read_text() + _MORE_CLIENTS)
    return made


@contextmanager
def grace_of(house: Provider, seconds: str) -> Iterator[None]:
    file = house.settings.where.clients_file
    before = file.read_text()
    house.register(PUBLIC, refresh_grace=seconds)
    yield
    file.write_text(before)


def shown(house: Provider, token: str, status: int = 200) -> dict[str, Any]:
    answer = _refresh(house, token, PUBLIC)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.get_json()
    assert status == 200 or found["error"] == "invalid_grant"
    return found


def later(house: Provider, token: str, **passed: float) -> None:
    """Let so much time have passed since the token in force took the place of another."""
    tokens = SqlRefreshTokens(house.database)
    kept = tokens.get(grant_of(token))
    assert kept is not None
    assert kept.rotation is not None
    rotation = dataclasses.replace(kept.rotation, at=kept.rotation.at - timedelta(**passed))
    tokens.swap(kept.token_sha256, dataclasses.replace(kept, rotation=rotation))


def test_only_the_last_successor_lives(house: Provider) -> None:
    before = len(audited(house))
    first = _tokens(house, PUBLIC)
    lost, again, last = (shown(house, first["refresh_token"]) for _ in range(3))
    assert len({one["refresh_token"] for one in (first, lost, again, last)}) == 4
    for one in (lost, again, last):
        assert house.userinfo(one["access_token"]).status_code == 200
    following = shown(house, last["refresh_token"])
    events = audited(house)[before:]
    assert events.count(str(AuditEvent.REFRESH_REPEATED)) == 2
    assert str(AuditEvent.REFRESH_REUSED) not in events
    # One that was lost is found again: it, or a copy of it. Nothing of the family stays good.
    shown(house, lost["refresh_token"], 400)
    shown(house, following["refresh_token"], 400)
    assert house.userinfo(following["access_token"]).status_code == 401


def test_once_the_successor_was_used_the_family_ends(house: Provider) -> None:
    before = len(audited(house))
    first = _tokens(house, PUBLIC)
    second = shown(house, first["refresh_token"])
    third = shown(house, second["refresh_token"])
    shown(house, first["refresh_token"], 400)
    shown(house, third["refresh_token"], 400)
    assert audited(house)[before:].count(str(AuditEvent.REFRESH_REUSED)) == 1


def test_after_the_grace_the_family_ends(house: Provider) -> None:
    first = _tokens(house, PUBLIC)
    shown(house, first["refresh_token"])
    later(house, first["refresh_token"], seconds=9)
    # Shown again, it is as long ago as before: no token is kept alive so.
    second = shown(house, first["refresh_token"])
    later(house, first["refresh_token"], seconds=1)
    shown(house, first["refresh_token"], 400)
    shown(house, second["refresh_token"], 400)


def test_each_client_may_have_a_grace_of_its_own(house: Provider) -> None:
    with grace_of(house, "60"):
        first = _tokens(house, PUBLIC)
        shown(house, first["refresh_token"])
        later(house, first["refresh_token"], seconds=50)
        shown(house, first["refresh_token"])
        later(house, first["refresh_token"], seconds=10)
        shown(house, first["refresh_token"], 400)


def test_without_a_grace_not_even_a_clock_behind_gives_one(house: Provider) -> None:
    with grace_of(house, "0"):
        first = _tokens(house, PUBLIC)
        shown(house, first["refresh_token"])
        later(house, first["refresh_token"], seconds=-5)
        shown(house, first["refresh_token"], 400)


def test_another_client_gets_nothing_by_it_and_does_no_harm(house: Provider) -> None:
    first = _tokens(house, PUBLIC)
    shown(house, first["refresh_token"])
    assert _refresh(house, first["refresh_token"]).get_json()["error"] == "invalid_grant"
    shown(house, first["refresh_token"])


def test_what_a_token_before_may_not_do_it_may_not_do_within_the_grace(house: Provider) -> None:
    """It ends nothing when it is given back, and is told of as over."""
    first = _tokens(house, PUBLIC)
    second = shown(house, first["refresh_token"])
    assert _post(house, "/revoke", PUBLIC, token=first["refresh_token"]).status_code == 200
    assert _post(house, "/revoke", PUBLIC, token=second["refresh_token"]).status_code == 200
    shown(house, first["refresh_token"], 400)


def test_a_scope_may_shrink_in_the_answer_that_is_given_again(house: Provider) -> None:
    first = _tokens(house, PUBLIC)
    shown(house, first["refresh_token"])
    answer = _refresh(house, first["refresh_token"], PUBLIC, scope="openid")
    assert answer.get_json()["scope"] == "openid"
    assert shown(house, answer.get_json()["refresh_token"])["scope"] == "openid profile"
