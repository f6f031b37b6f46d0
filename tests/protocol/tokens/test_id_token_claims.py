"""What an ID Token says of the person where the registration wants it there, and `offline_access`."""

from typing import Any

import pytest

from idp.clients.located_yaml import BadYaml
from idp.clients.registry import read_clients
from tests.protocol.policed import PolicedParty, claims_in
from tests.provider import RPPS, Provider

EVERYTHING = ["openid", "profile", "email", "professional"]
PERSONAL = {"name", "given_name", "family_name", "email", "email_verified", "rpps", "preferred_username"}


@pytest.fixture
def party(provider: Provider) -> Any:
    """The file is as before afterwards: the provider is the module's."""
    before = provider.settings.where.clients_file.read_text()
    yield PolicedParty(provider)
    provider.settings.where.clients_file.write_text(before)


def person_in(id_token: str) -> set[str]:
    return PERSONAL & set(claims_in(id_token))


def test_the_id_token_names_the_person_where_registered(party: PolicedParty) -> None:
    party.govern(id_token_claims=["name", "email"])
    tokens = party.tokens()
    claims, at_userinfo = claims_in(tokens["id_token"]), party.userinfo(tokens["access_token"])
    assert person_in(tokens["id_token"]) == {"name", "email"}
    assert (claims["name"], claims["email"]) == (at_userinfo["name"], at_userinfo["email"])
    assert person_in(party.refresh(tokens["refresh_token"]).get_json()["id_token"]) == {"name", "email"}


@pytest.mark.parametrize(
    ("members", "scope", "found"),
    [
        ({"id_token_claims": ["name", "email"]}, "openid", set()),
        ({"id_token_claims": ["name", "email"]}, "openid email", {"email"}),
        ({"id_token_claims": ["name", "rpps"], "claims": ["name", "rpps"]}, "openid profile", {"name"}),
        ({"id_token_claims": ["preferred_username"]}, "openid professional", {"preferred_username"}),
        ({"id_token_claims": ["preferred_username"]}, "openid profile", set()),
        ({"id_token_claims": []}, "openid profile email", set()),
        ({}, "openid profile email", set()),
    ],
)
def test_as_far_as_the_scopes_asked_for_give_it(
    party: PolicedParty, members: dict[str, Any], scope: str, found: set[str]
) -> None:
    party.govern(scopes=EVERYTHING, **members)
    assert person_in(party.tokens(scope=scope)["id_token"]) == found


def test_a_refresh_for_less_says_less(party: PolicedParty) -> None:
    party.govern(id_token_claims=["name", "email"])
    first = party.tokens()
    fewer = party.refresh(first["refresh_token"], scope="openid email").get_json()
    assert person_in(fewer["id_token"]) == {"email"}


def test_what_the_registration_no_longer_wants_is_left_out_of_a_code_given_before(
    party: PolicedParty,
) -> None:
    party.govern(id_token_claims=["name", "email"])
    code = party.code(party.house.browser())
    party.govern(id_token_claims=["email"], scopes=["openid", "email"])
    assert person_in(party.redeem(code).get_json()["id_token"]) == {"email"}


def test_no_claim_of_the_person_replaces_one_of_the_sign_in(party: PolicedParty) -> None:
    party.govern(id_token_claims=["name"])
    claims = claims_in(party.tokens(claims='{"id_token":{"sub":null,"acr":null,"name":null}}')["id_token"])
    assert {"sub", "acr", "amr", "auth_time", "sid", "iss", "aud", "at_hash"} <= claims.keys()
    assert claims["iss"] == party.house.settings.where.issuer


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"id_token_claims": ["nmae"]}, r"expected one of: name, family_name, .*identity_verified_at"),
        ({"id_token_claims": ["sub"]}, r"expected one of: name,"),
        ({"id_token_claims": ["professional_context"]}, r"expected one of: name,"),
        ({"id_token_claims": "name"}, r"expected a list"),
        ({"id_token_claims": ["rpps"]}, r"expected claims of the client's own `scopes`"),
        ({"id_token_claims": ["name"], "claims": ["email"]}, r"expected claims of the client's own `scopes`"),
        ({"id_token_claims": ["name"], "claims": []}, r"expected claims of the client's own `scopes`"),
        (
            {"scopes": ["openid", "offline_access"], "grant_types": ["authorization_code"]},
            r"expected `offline_access` with",
        ),
    ],
)
def test_a_faulty_name_is_told_at_its_place(
    party: PolicedParty, members: dict[str, Any], expected: str
) -> None:
    party.govern(**members)
    with pytest.raises(BadYaml, match=rf"clients\.yaml:[0-9]+:[0-9]+: {expected}"):
        read_clients(party.house.settings.where.clients_file)


def test_the_rpps_is_the_preferred_username_at_userinfo_and_where_asked_for(party: PolicedParty) -> None:
    party.govern(scopes=EVERYTHING)
    tokens = party.tokens(scope="openid professional", claims='{"id_token":{"preferred_username":null}}')
    assert claims_in(tokens["id_token"])["preferred_username"] == RPPS
    assert party.userinfo(tokens["access_token"])["preferred_username"] == RPPS
    without = party.tokens(scope="openid profile", claims='{"userinfo":{"name":null}}')
    assert "preferred_username" not in party.userinfo(without["access_token"])


# offline_access (Core §11).


def test_offline_access_is_granted_where_registered(party: PolicedParty) -> None:
    party.govern(scopes=["openid", "profile", "offline_access"])
    tokens = party.tokens(scope="openid offline_access")
    assert tokens["scope"].split() == ["openid", "offline_access"]
    assert set(party.userinfo(tokens["access_token"])) == {"sub"}
    again = party.refresh(tokens["refresh_token"]).get_json()
    assert again["scope"].split() == ["openid", "offline_access"]
    assert party.introspect(again["access_token"])["scope"] == "openid offline_access"


def test_it_gives_no_other_refresh_token_than_its_absence(party: PolicedParty) -> None:
    party.govern(scopes=["openid", "offline_access"])
    with_it, without = party.tokens(scope="openid offline_access"), party.tokens(scope="openid")
    ends = [party.introspect(tokens["refresh_token"])["exp"] for tokens in (with_it, without)]
    assert abs(ends[0] - ends[1]) < 60


@pytest.mark.parametrize("grants", [["authorization_code"], ["authorization_code", "refresh_token"]])
def test_elsewhere_it_is_ignored(party: PolicedParty, grants: list[str]) -> None:
    party.govern(grant_types=grants)
    tokens = party.tokens(scope="openid offline_access", prompt="consent")
    assert tokens["scope"] == "openid"
    assert ("refresh_token" in tokens) == ("refresh_token" in grants)
