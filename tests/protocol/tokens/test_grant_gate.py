"""What would give no new token opens nothing either: /token, /userinfo and /introspect agree, for each reason."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from idp.accounts.charter import CharterRevision
from idp.core.ephemeral import Kind
from idp.interaction.gate import MayNotIssue
from tests.fakes import NOON
from tests.protocol.assembled import endpoint_of
from tests.provider import ISSUER, REDIRECT, RP, SECRETS, Provider, basic

_REFRESHES = "    grant_types: [authorization_code, refresh_token]\n"
_ENTRY = f"  - client_id: {RP}\n"


def _govern(house: Provider, *members: str) -> None:
    """The operator writes these members into the entry of the relying party."""
    file = house.settings.where.clients_file
    more = "".join(f"    {member}\n" for member in members)
    file.write_text(file.read_text().replace(_ENTRY, _ENTRY + more))


def _save(house: Provider, change: Callable[[Any], Any]) -> None:
    house.accounts.save(change(house.accounts.get(house.account.id)))


def _publish(house: Provider, charter: str) -> None:
    house.charters.publish(
        CharterRevision(charter=charter, revision="2027-1", published_at=NOON, texts={"fr": "# Nouvelle"})
    )


def _demand_a_charter(house: Provider) -> None:
    _publish(house, "own")
    _govern(house, "charters: [own]")


#: How each reason comes about, after a sign-in by password.
_HAPPENS: Mapping[str, tuple[MayNotIssue, Callable[[Provider], None]]] = {
    "disabled": (
        MayNotIssue.DISABLED,
        lambda house: _save(house, lambda row: dataclasses.replace(row, enabled=False)),
    ),
    "closing": (
        MayNotIssue.CLOSING,
        lambda house: _save(house, lambda row: dataclasses.replace(row, closing_at=NOON)),
    ),
    "voided": (MayNotIssue.NOT_BEFORE, lambda house: _save(house, lambda row: row.next_generation())),
    "house charter": (MayNotIssue.CHARTER_DUE, lambda house: _publish(house, "house")),
    "client charter": (MayNotIssue.CHARTER_DUE, _demand_a_charter),
    "charter never published": (
        MayNotIssue.CHARTER_DUE,
        lambda house: _govern(house, "charters: [absent]"),
    ),
    "acr raised": (MayNotIssue.ACR_TOO_LOW, lambda house: _govern(house, "minimum_acr: cps")),
    "door closed": (MayNotIssue.DOOR_CLOSED, lambda house: _govern(house, "authenticators: [psc, cps]")),
}


@pytest.fixture
def house(app_factory: Callable[..., Provider], every_door: dict[str, Any]) -> Provider:
    made = app_factory(**every_door)
    file = made.settings.where.clients_file
    file.write_text(file.read_text().replace(_ENTRY, _ENTRY + _REFRESHES))
    return made


@pytest.fixture
def tokens(house: Provider) -> dict[str, Any]:
    return dict(house.exchange(house.browser().sign_in()).get_json())


def _post(house: Provider, path: str, **form: str) -> TestResponse:
    sent = basic(RP, SECRETS[RP])
    return Client(house.app, TestResponse).post(path, base_url=ISSUER, data=form, headers=sent)


def _answers(house: Provider, tokens: Mapping[str, str]) -> dict[str, Any]:
    """What each endpoint says of these tokens; of a 401, only if its challenge says `invalid_token`."""
    asked = house.userinfo(tokens["access_token"])
    challenge = asked.headers.get("WWW-Authenticate", "")
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    return {
        "/userinfo": (asked.status_code, 'error="invalid_token"' in challenge),
        "/introspect": [
            _post(house, "/introspect", token=tokens[name]).get_json()
            for name in ("access_token", "refresh_token")
        ],
        "/token": _post(house, "/token", **refresh).get_json().get("error"),
    }


_REFUSED = {
    "/userinfo": (401, True),
    "/introspect": [{"active": False}, {"active": False}],
    "/token": "invalid_grant",
}


def test_every_reason_of_the_gate_is_tried() -> None:
    assert {reason for reason, _ in _HAPPENS.values()} == set(MayNotIssue)


@pytest.mark.parametrize("name", _HAPPENS)
def test_what_gives_no_new_token_opens_nothing_either(
    house: Provider, tokens: dict[str, Any], name: str
) -> None:
    before = _answers(house, tokens)
    assert (before["/userinfo"], before["/token"]) == ((200, False), None)
    assert [told["active"] for told in before["/introspect"]] == [True, True]
    _HAPPENS[name][1](house)
    assert _answers(house, tokens) == _REFUSED


def test_a_code_is_refused_for_the_same_reasons(house: Provider) -> None:
    code = house.browser().sign_in()
    _govern(house, "minimum_acr: cps")
    assert house.exchange(code, redirect_uri=REDIRECT).get_json()["error"] == "invalid_grant"


def test_a_token_that_names_no_acr_opens_nothing(house: Provider, tokens: dict[str, Any]) -> None:
    """Issued by the version before: whether it may still be used cannot be told."""
    store = endpoint_of(house, "/revoke").store
    stored = store.get(Kind.ACCESS_TOKEN, tokens["access_token"])
    value = {name: told for name, told in stored.value.items() if name != "acr"}
    store.swap(Kind.ACCESS_TOKEN, tokens["access_token"], value, expected_version=stored.version)
    answers = _answers(house, tokens)
    assert answers["/userinfo"] == (401, True)
    assert answers["/introspect"][0] == {"active": False}
    # The refresh token does name one.
    assert answers["/token"] is None
